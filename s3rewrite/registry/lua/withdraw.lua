-- Removes a name's entry and its claim in one step, so that neither a page nor an upload that began
-- before can use them. A name without an entry loses its claim alone.
-- KEYS: directory, directories, claims, changes, withdrawn, hints, edge, gone
-- ARGV: name, basename, directory, "1" to leave a hint, "1" if other bytes have the same key,
--       "1" if a pass found the file gone, "0" if somebody deletes or replaces it
-- The sorted set `withdrawn` keeps the object and since when: "<fingerprint> <name>", with "-" for
-- the fingerprint where all bytes of a name have one key, and behind "freed:" where it may be the
-- only copy of a file that nobody has deleted. Beyond a million the oldest ones are forgotten.
-- The hash `gone` says who had which bytes: a renamed file is copied from there. Beyond 100,000 all
-- are forgotten.
local entry = redis.call('HGET', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[1])
if entry then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
  end
  local freed = ARGV[6] == '1' and string.find(entry, ',freed,', 1, true) and 'freed:' or ''
  local fingerprint = ARGV[5] == '1' and '-' or string.match(entry, '[^,]*$')
  redis.call('ZADD', KEYS[5], redis.call('TIME')[1], freed .. fingerprint .. ' ' .. ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -1000001)
  if redis.call('HLEN', KEYS[8]) >= 100000 then
    redis.call('UNLINK', KEYS[8])
  end
  redis.call('HSET', KEYS[8], string.match(entry, '[^,]*$'), ARGV[1])
  -- A CDN, where one is named, may hold these bytes; "-" says that it may hold other ones, too.
  if redis.call('HEXISTS', KEYS[7], '/') == 1 then
    fingerprint = string.match(entry, '[^,]*$')
    if redis.call('HSETNX', KEYS[7], ARGV[1], fingerprint) == 0
      and redis.call('HGET', KEYS[7], ARGV[1]) ~= fingerprint then
      redis.call('HSET', KEYS[7], ARGV[1], '-')
    end
  end
end
-- Somebody deletes or replaces the file: its object needs no protection as an only copy any more.
if ARGV[6] ~= '1' then
  redis.call('ZREM', KEYS[5], 'freed:- ' .. ARGV[1])
end
if ARGV[4] == '1' then
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100000, '*', 'n', ARGV[1])
end
return entry and 1 or 0

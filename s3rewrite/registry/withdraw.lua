-- Takes a name's entry and its claim away in one step, so that neither a page nor an upload
-- that began before can use them. Withdrawing what is not there changes nothing.
-- KEYS: directory, directories, claims, changes, withdrawn, hints
-- ARGV: name, basename, directory, "1" to leave a hint
local entry = redis.call('HGET', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[1])
if entry then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
  end
  local fingerprint = string.match(entry, '[^,]*$')
  redis.call('ZADD', KEYS[5], redis.call('TIME')[1], fingerprint .. ' ' .. ARGV[1])
end
if ARGV[4] == '1' then
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100000, '*', 'n', ARGV[1])
end
return entry and 1 or 0

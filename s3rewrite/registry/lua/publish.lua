-- Compare-and-set: publishes an entry only while the upload's token and the lease are still valid.
-- "uncleared" where a CDN may hold other bytes of the name: the CDN is to be cleared first.
-- KEYS: directory, directories, claims, changes, withdrawn, lease, unconfirmed writes, edge,
--       uncleared, purges, gone
-- ARGV: name, basename, directory, token, lease, entry, "1" if the end of the write was seen,
--       "1" if other bytes have the same key
-- First, and in any case: the end of the write was seen, whether it is published or not.
if ARGV[7] == '1' then
  local writes = redis.call('HGET', KEYS[7], ARGV[1]) or ''
  local left = string.gsub(writes, ARGV[4] .. ':%S*=%d+ ', '')
  if left == '' then
    redis.call('HDEL', KEYS[7], ARGV[1])
  elseif left ~= writes then
    redis.call('HSET', KEYS[7], ARGV[1], left)
  end
end
if redis.call('GET', KEYS[6]) ~= ARGV[5] then
  return 'fenced'
end
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[4] then
  return 'superseded'
end
redis.call('HDEL', KEYS[3], ARGV[1])
local fingerprint = string.match(ARGV[6], '[^,]*$')
local held = redis.call('HGET', KEYS[8], ARGV[1])
if (held and held ~= fingerprint) or redis.call('HEXISTS', KEYS[9], '') == 1 then
  -- Of the same bytes the CDN may be cleared now: that goes on.
  local mark = redis.call('HGET', KEYS[9], ARGV[1])
  if not mark or string.match(mark, ' (.*)$') ~= fingerprint then
    redis.call('HSET', KEYS[9], ARGV[1], ARGV[4] .. ' ' .. fingerprint)
  end
  return 'uncleared'
end
redis.call('HDEL', KEYS[8], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[6])
if redis.call('HEXISTS', KEYS[11], fingerprint) == 1 then
  redis.call('HSET', KEYS[11], fingerprint, ARGV[1])  -- the other object may be deleted soon
end
redis.call('SADD', KEYS[2], ARGV[3])
-- The object has an entry now, so it counts as withdrawn no longer.
local noted = (ARGV[8] == '1' and '-' or fingerprint) .. ' ' .. ARGV[1]
redis.call('ZREM', KEYS[5], noted, 'freed:' .. noted)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
return 'published'

-- Withdraws a name and gives the token of the one upload that may publish it now. The object
-- that the upload is about to write is noted as withdrawn until it is published.
-- KEYS: directory, directories, claims, changes, withdrawn, lease
-- ARGV: name, basename, directory, token, lease, fingerprint
if redis.call('GET', KEYS[6]) ~= ARGV[5] then
  return 'fenced'
end
local now = redis.call('TIME')[1]
local entry = redis.call('HGET', KEYS[1], ARGV[2])
if entry then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
  end
  redis.call('ZADD', KEYS[5], now, string.match(entry, '[^,]*$') .. ' ' .. ARGV[1])
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('ZADD', KEYS[5], now, ARGV[6] .. ' ' .. ARGV[1])
return 'claimed'

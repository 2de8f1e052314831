-- Removes a write to S3 from the list of a name: its end was seen.
-- KEYS: unconfirmed writes
-- ARGV: name, token
local writes = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local left = string.gsub(writes, ARGV[2] .. ':%S*=%d+ ', '')
if left == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], left)
end

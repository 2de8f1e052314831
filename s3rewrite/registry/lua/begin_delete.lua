-- A write to S3 begins that no claim speaks of: a deletion.
-- KEYS: unconfirmed writes, lease
-- ARGV: name, token, lease, what is written
if redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return 'fenced'
end
local writes = redis.call('HGET', KEYS[1], ARGV[1]) or ''
redis.call('HSET', KEYS[1], ARGV[1], writes .. ARGV[2] .. ':' .. ARGV[4] .. '=0 ')
return 'claimed'

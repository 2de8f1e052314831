-- A write to S3 begins that no claim speaks of: a deletion.
-- KEYS: doubts, lease
-- ARGV: name, token, lease, what is written
if redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return 'fenced'
end
local doubts = redis.call('HGET', KEYS[1], ARGV[1]) or ''
redis.call('HSET', KEYS[1], ARGV[1], doubts .. ARGV[2] .. ':' .. ARGV[4] .. '=0 ')
return 'claimed'

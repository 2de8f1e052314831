-- Notes that a write to S3 begins for which there is no claim: a deletion.
-- KEYS: unconfirmed writes, lease
-- ARGV: name, token, lease, "deleted-<fingerprint>"
if redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return 'fenced'
end
local writes = redis.call('HGET', KEYS[1], ARGV[1]) or ''
redis.call('HSET', KEYS[1], ARGV[1], writes .. ARGV[2] .. ':' .. ARGV[4] .. '=0 ')
return 'claimed'

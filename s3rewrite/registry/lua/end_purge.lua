-- A name was taken down, and strangers do not get it any more: its purge ends, or only keeps the
-- file local from now on. Not while an upload may still arrive at S3, or after another wish.
-- KEYS: purges, unconfirmed writes, exposed, lease
-- ARGV: name, the purge that was done, lease, what is left of it ("" for nothing)
if redis.call('GET', KEYS[4]) ~= ARGV[3] then
  return 'fenced'
end
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 'superseded'
end
local now = tonumber(redis.call('TIME')[1])
for fingerprint, till in string.gmatch(
  redis.call('HGET', KEYS[2], ARGV[1]) or '', '%S+:(%S*)=(%d+) ') do
  if not string.find(fingerprint, '^deleted') and (till == '0' or tonumber(till) > now) then
    return 'doubtful'
  end
end
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
end
return 'purged'

-- The end of a write to S3 was seen: it is a doubt no more.
-- KEYS: doubts
-- ARGV: name, token
local doubts = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local left = string.gsub(doubts, ARGV[2] .. ':%S*=%d+ ', '')
if left == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], left)
end

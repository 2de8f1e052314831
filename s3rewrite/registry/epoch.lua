-- Begins an epoch where there is none: after a first start, or after Redis lost what it knew.
-- The change tells every reader whose cursor still stands, and gives a first one to the others.
-- KEYS: epoch, changes
-- ARGV: the new epoch
if redis.call('SET', KEYS[1], ARGV[1], 'NX') then
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
  return 1
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
  return 1
end
return 0

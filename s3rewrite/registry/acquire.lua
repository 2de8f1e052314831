-- Gives the lease, with a fencing number higher than any before, if nobody holds it.
-- KEYS: lease, fence
-- ARGV: owner, seconds it lasts in ms
-- Returns the new lease, or the one that stands, and whether it is new.
local held = redis.call('GET', KEYS[1])
if held then
  return {held, 0}
end
local lease = redis.call('INCR', KEYS[2]) .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
return {lease, 1}

-- Gives the lease, with a fencing number higher than any before, if nobody holds it. Writes that
-- another pass has left without an end are in doubt from now on for so many seconds.
-- KEYS: lease, fence, doubts
-- ARGV: owner, how long it lasts in ms, seconds in which a late write may still arrive
-- Returns the new lease, or the one that stands, and whether it is new.
local held = redis.call('GET', KEYS[1])
if held then
  return {held, 0}
end
local lease = redis.call('INCR', KEYS[2]) .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local doubts = redis.call('HGETALL', KEYS[3])
for at = 1, #doubts, 2 do
  local left = string.gsub(doubts[at + 1], '(%S+)=(%d+) ', function(mark, till)
    if till == '0' then
      return mark .. '=' .. (now + ARGV[3]) .. ' '
    end
    return tonumber(till) <= now and '' or nil
  end)
  if left == '' then
    redis.call('HDEL', KEYS[3], doubts[at])
  elseif left ~= doubts[at + 1] then
    redis.call('HSET', KEYS[3], doubts[at], left)
  end
end
return {lease, 1}

-- Gives the lease, with a fencing number higher than any before, if nobody holds it. Writes that
-- another pass has left without an end are in doubt from now on for so many seconds.
--
-- What has not the form that it must have is removed before: keys of another type, streams whose
-- ids are of the far future, a lease that no pass has written, or that would never end.
-- KEYS: lease, fence, unconfirmed writes, claims, then all keys of the mount whose names never
-- change
-- ARGV: owner, how long it lasts in ms, seconds in which a late write may still arrive, how many
-- claims are kept, then the types of all those keys
-- Returns the new lease, or the one that stands, whether it is new, and the keys that were removed.
local now = tonumber(redis.call('TIME')[1])
local function last_second(stream)
  local info = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then
      return tonumber(string.match(info[at + 1], '^%d+')) / 1000
    end
  end
  return 0
end

local removed = {}
for at = 5, #KEYS do
  local kind = redis.call('TYPE', KEYS[at]).ok
  local is_ours = kind == 'none' or kind == ARGV[at]
  if is_ours and kind == 'stream' then
    is_ours = last_second(KEYS[at]) < now + 86400
  end
  if not is_ours then
    redis.call('UNLINK', KEYS[at])
    removed[#removed + 1] = KEYS[at]
  end
end

local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+ %S+ %x+$') and redis.call('PTTL', KEYS[1]) > 0 then
  return {held, 0, removed}
end
local fence = redis.call('GET', KEYS[2]) or ''
if not string.match(fence, '^%d+$') or #fence > 15 then
  redis.call('DEL', KEYS[2])
end
local lease = redis.call('INCR', KEYS[2]) .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
-- Nobody can publish by a claim of an earlier lease: they only tell what has failed.
if redis.call('HLEN', KEYS[4]) > tonumber(ARGV[4]) then
  redis.call('UNLINK', KEYS[4])
end
local latest = now + ARGV[3]
local writes = redis.call('HGETALL', KEYS[3])
for at = 1, #writes, 2 do
  local left = ''
  for mark, written in string.gmatch(writes[at + 1], '(%S+:%S*)=(%d+) ') do
    local till = tonumber(written)
    if till == 0 or till > latest then
      till = latest
    end
    if till > now then
      left = left .. mark .. '=' .. till .. ' '
    end
  end
  if left == '' then
    redis.call('HDEL', KEYS[3], writes[at])
  elseif left ~= writes[at + 1] then
    redis.call('HSET', KEYS[3], writes[at], left)
  end
end
return {lease, 1, removed}

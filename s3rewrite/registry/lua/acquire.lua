-- Gives the lease, with a fencing number higher than any before, if no pass holds it. Writes that
-- another pass has left unconfirmed stay unconfirmed for so many seconds from now on.
--
-- First removes what does not have the expected form: keys of another type, streams whose ids are
-- of the far future, a lease that no pass has written, or that would never end.
-- KEYS: lease, fence, unconfirmed writes, claims, then all keys of the mount whose names never
-- change
-- ARGV: owner, duration of the lease in ms, seconds in which a late write may still arrive, how
-- many claims are kept, then the types of all those keys, at the same indexes as the keys
-- Returns the new lease, or the one that another pass holds; whether it is new; the removed keys.
local now = tonumber(redis.call('TIME')[1])
local function last_second(stream)
  local info = redis.call('XINFO', 'STREAM', stream)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then
      return tonumber(string.match(info[index + 1], '^%d+')) / 1000
    end
  end
  return 0
end

local removed = {}
for index = 5, #KEYS do
  local kind = redis.call('TYPE', KEYS[index]).ok
  local is_valid = kind == 'none' or kind == ARGV[index]
  if is_valid and kind == 'stream' then
    -- XADD would go on with ids of the future, and fail after the largest one.
    is_valid = last_second(KEYS[index]) < now + 86400
  end
  if not is_valid then
    redis.call('UNLINK', KEYS[index])
    removed[#removed + 1] = KEYS[index]
  end
end

-- PTTL is -1 where the lease has no expiry: no pass writes such a one.
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%d+ %S+ %x+$') and redis.call('PTTL', KEYS[1]) > 0 then
  return {held, 0, removed}
end
-- INCR would fail on anything else. An earlier lease with the same number has another token.
local fence = redis.call('GET', KEYS[2]) or ''
if not string.match(fence, '^%d+$') or #fence > 15 then
  redis.call('DEL', KEYS[2])
  -- Redis has lost its data, or is new: it does not know what an earlier pass has on its way.
  redis.call('SET', (string.gsub(KEYS[2], ':fence$', ':late')), now + ARGV[3])
end
local lease = redis.call('INCR', KEYS[2]) .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
-- No pass can publish by a claim of an earlier lease: these only show which uploads have failed.
if redis.call('HLEN', KEYS[4]) > tonumber(ARGV[4]) then
  redis.call('UNLINK', KEYS[4])
end
-- Name -> "<token>:<fingerprint>=<seconds since 1970, or 0 while under way> ..." (claim.lua). The
-- holder of an earlier lease sends nothing more, so a write under way ends by that time.
local latest = now + ARGV[3]
local writes = redis.call('HGETALL', KEYS[3])
for index = 1, #writes, 2 do
  local left = ''
  for mark, written in string.gmatch(writes[index + 1], '(%S+:%S*)=(%d+) ') do
    local till = tonumber(written)
    if till == 0 or till > latest then
      till = latest
    end
    if till > now then
      left = left .. mark .. '=' .. till .. ' '
    end
  end
  if left == '' then
    redis.call('HDEL', KEYS[3], writes[index])
  elseif left ~= writes[index + 1] then
    redis.call('HSET', KEYS[3], writes[index], left)
  end
end
return {lease, 1, removed}

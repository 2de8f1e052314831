-- Withdraws a name and stores the token of the one upload that may publish it now. The object that
-- the upload is about to write counts as withdrawn until it is published, as in withdraw.lua.
--
-- Returns "doubtful" while another write to the same object may still arrive at S3: one under way,
-- or one whose end no process has seen, until no service would accept it any more. A name has a
-- list of such writes: "<token>:<fingerprint>=<seconds since 1970, or 0 while under way> ...";
-- behind the fingerprint "/<ETag>" or "/*" for a write on condition that this object, or none, is
-- there. Such a write does no harm once another object is there. Returns "unproven" where only such
-- writes stand in the way, and nobody knows yet whether the service honours conditions.
-- Returns "purged" for a name that is taken down; otherwise "claimed", and behind it the name of
-- another file that had the same bytes: a copy of its object counts as a write without a condition.
-- KEYS: directory, directories, claims, changes, withdrawn, lease, unconfirmed writes, edge,
--       uncleared, purges, gone
-- ARGV: name, basename, directory, token, lease, fingerprint, "1" if other bytes have the same key,
--       the fingerprint with the condition, the ETag of the object after the write ("-": of parts,
--       "?": not known), "1" if the service honours conditions
if redis.call('GET', KEYS[6]) ~= ARGV[5] then
  return 'fenced'
end
if redis.call('HEXISTS', KEYS[10], ARGV[1]) == 1 then
  return 'purged'
end
local now = redis.call('TIME')[1]
local entry = redis.call('HGET', KEYS[1], ARGV[2])
local function note_withdrawn(fingerprint)
  redis.call('ZADD', KEYS[5], now, (ARGV[7] == '1' and '-' or fingerprint) .. ' ' .. ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[5], 0, -1000001)
end
-- What a CDN may hold: one fingerprint, or "-" for more than one (withdraw.lua).
local function note_edge(fingerprint)
  if redis.call('HEXISTS', KEYS[8], '/') == 1
    and redis.call('HSETNX', KEYS[8], ARGV[1], fingerprint) == 0
    and redis.call('HGET', KEYS[8], ARGV[1]) ~= fingerprint then
    redis.call('HSET', KEYS[8], ARGV[1], '-')
  end
end
redis.call('HDEL', KEYS[3], ARGV[1])  -- of an earlier upload, even if this one is refused
if entry then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('SREM', KEYS[2], ARGV[3])
  end
  note_withdrawn(string.match(entry, '[^,]*$'))
  if redis.call('HLEN', KEYS[11]) >= 100000 then  -- as in withdraw.lua
    redis.call('UNLINK', KEYS[11])
  end
  redis.call('HSET', KEYS[11], string.match(entry, '[^,]*$'), ARGV[1])
  note_edge(string.match(entry, '[^,]*$'))
end
local function may_hold(condition)
  if condition == '' or (ARGV[9] == '?' and condition ~= '*') then
    return true
  end
  local has_parts = string.find(condition, '-', 1, true) ~= nil
  return condition == ARGV[9] or (ARGV[9] == '-' and has_parts)
end
local source = redis.call('HGET', KEYS[11], ARGV[6])
source = source and source ~= ARGV[1] and ' ' .. source or ''
local writes, is_doubtful, is_unproven = '', false, false
for mark, written, till in string.gmatch(
  redis.call('HGET', KEYS[7], ARGV[1]) or '', '(%S+:(%S*)=(%d+)) ') do
  local fingerprint, condition = string.match(written, '^([^/]*)/?(.*)$')
  -- Writes that have expired are dropped from the list. A late write of the same bytes does no
  -- harm; a late deletion of the object does, and so do other bytes under the same key.
  if till == '0' or tonumber(till) > tonumber(now) then
    writes = writes .. mark .. ' '
    if fingerprint == 'deleted-' .. ARGV[6] or fingerprint == 'deleted-'
      or (ARGV[7] == '1' and fingerprint ~= ARGV[6] and may_hold(condition)) then
      is_doubtful = true
    elseif ARGV[7] == '1' and fingerprint ~= ARGV[6] then
      is_unproven = ARGV[10] ~= '1'
    end
  end
end
if not (is_doubtful or is_unproven) then
  writes = writes .. ARGV[4] .. ':' .. (source == '' and ARGV[8] or ARGV[6]) .. '=0 '
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
  note_withdrawn(ARGV[6])
  -- While all is being cleared, the CDN may fetch what was there before.
  note_edge(redis.call('HEXISTS', KEYS[9], '') == 1 and '-' or ARGV[6])
  -- What the CDN fetches now may no longer be what it is to have.
  local mark = redis.call('HGET', KEYS[9], ARGV[1])
  if mark and string.match(mark, ' (.*)$') ~= ARGV[6] then
    redis.call('HDEL', KEYS[9], ARGV[1])
  end
end
redis.call('HSET', KEYS[7], ARGV[1], writes)
return is_doubtful and 'doubtful' or is_unproven and 'unproven' or 'claimed' .. source

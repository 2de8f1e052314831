-- The CDN has cleared a name: it can only hold what was in the bucket since. Not if that has changed
-- in the meantime. "" as the name means all that it may have held.
-- KEYS: edge, uncleared
-- ARGV: name, "<token> <fingerprint>" as it was when clearing began, the latter "" if no object is left
-- Returns 1 if the name, where its object is there, may be published now.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[1])
local fingerprint = string.match(ARGV[2], ' (.*)$')
if ARGV[1] ~= '' and redis.call('HEXISTS', KEYS[1], '/') == 1 then
  -- Of an object that is gone it may hold that there is none.
  redis.call('HSET', KEYS[1], ARGV[1], fingerprint == '' and '-' or fingerprint)
end
return fingerprint ~= '' and 1 or 0

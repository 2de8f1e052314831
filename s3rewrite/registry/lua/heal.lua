-- Removes a directory's key where it is no hash; otherwise those of the given fields, which are no
-- entries, that still have the values that were read. No view has believed them, so no change is
-- announced.
-- KEYS: directory, directories
-- ARGV: directory, then each field and its value
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then
  redis.call('UNLINK', KEYS[1])
else
  for index = 2, #ARGV, 2 do
    if redis.call('HGET', KEYS[1], ARGV[index]) == ARGV[index + 1] then
      redis.call('HDEL', KEYS[1], ARGV[index])
    end
  end
end
-- The set of directories has only those that have a hash.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SREM', KEYS[2], ARGV[1])
end

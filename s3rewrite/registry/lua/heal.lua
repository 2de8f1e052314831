-- Removes a directory's hash where it is none, and fields that are no entries, where they still
-- are what was read. No view has believed them, so there is nothing to tell.
-- KEYS: directory, directories
-- ARGV: directory, then each field and its value
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' then
  redis.call('UNLINK', KEYS[1])
else
  for at = 2, #ARGV, 2 do
    if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then
      redis.call('HDEL', KEYS[1], ARGV[at])
    end
  end
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SREM', KEYS[2], ARGV[1])
end

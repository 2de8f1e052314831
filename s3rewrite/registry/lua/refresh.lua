-- Gives an entry a new signature where the file was touched but its bytes are the same: the
-- object is already what the file is. Only if the entry is still the one that was compared.
-- KEYS: directory, changes, lease
-- ARGV: name, basename, directory, lease, old entry, new entry
if redis.call('GET', KEYS[3]) ~= ARGV[4] then
  return 'fenced'
end
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[5] then
  return 'superseded'
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[6])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
return 'published'

-- Compare-and-set: publishes an entry only while the upload's token and the lease still stand.
-- KEYS: directory, directories, claims, changes, withdrawn, lease
-- ARGV: name, basename, directory, token, lease, entry
if redis.call('GET', KEYS[6]) ~= ARGV[5] then
  return 'fenced'
end
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[4] then
  return 'superseded'
end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[6])
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[5], string.match(ARGV[6], '[^,]*$') .. ' ' .. ARGV[1])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'n', ARGV[1])
return 'published'

-- Begins an epoch on this server, as every entry was compared with the file and the bucket.
-- KEYS: epoch, changes, lease, seen
-- ARGV: the new epoch, lease, run id of the server whose entries were compared
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
if redis.call('GET', KEYS[3]) ~= ARGV[2] or run ~= ARGV[3] then
  return 'fenced'
end
redis.call('SET', KEYS[1], ARGV[1] .. '@' .. run)
redis.call('SET', KEYS[4], redis.call('TIME')[1])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
return 'published'

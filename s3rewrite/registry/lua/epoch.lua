-- Begins an epoch where nothing is published, or only the change stream was lost. An epoch is valid
-- on the server process on which it began, `<epoch>@<run id>`: another process, after a failover or
-- a restart, may have lost the last writes, and show again what was withdrawn.
-- KEYS: epoch, changes, directories, seen
-- ARGV: the new epoch
-- Returns "current", "begun" or "doubted", the run id, and the seconds since 1970 up to which no
-- write was lost.
-- Some services refuse INFO: then all processes count as one.
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local epoch = redis.call('GET', KEYS[1])
local is_here = epoch and string.match(epoch, '@(.*)$') == run
if not is_here and redis.call('EXISTS', KEYS[3]) == 1 then
  return {'doubted', run, redis.call('GET', KEYS[4]) or '0'}
end
-- This server has the last writes, so none was lost until now.
local now = redis.call('TIME')[1]
redis.call('SET', KEYS[4], now)
if is_here and redis.call('EXISTS', KEYS[2]) == 1 then
  return {'current', run, now}
end
redis.call('SET', KEYS[1], ARGV[1] .. '@' .. run)
redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
return {'begun', run, now}

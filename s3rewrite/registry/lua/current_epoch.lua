-- The epoch, if it began on this server process; and whether a record suspends the mount. What does
-- not begin as such a record counts as absent.
-- KEYS: epoch, then the records that suspend the mount
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local epoch = redis.call('GET', KEYS[1])
local is_here = epoch and string.match(epoch, '@(.*)$') == run
local suspended = 0
for index = 2, #KEYS do
  local record = redis.pcall('GET', KEYS[index])
  if type(record) == 'string' and string.match(record, '^{"since": %d') then
    suspended = 1
  end
end
return {is_here and epoch, suspended}

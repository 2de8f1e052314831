-- The epoch, if it began on this server process. KEYS: epoch
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local epoch = redis.call('GET', KEYS[1])
return epoch and string.match(epoch, '@(.*)$') == run and epoch

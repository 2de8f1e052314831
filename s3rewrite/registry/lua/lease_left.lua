-- For how many milliseconds a lease is valid without renewal; negative where it is not.
-- KEYS: lease
-- ARGV: lease
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -2
end
return redis.call('PTTL', KEYS[1])

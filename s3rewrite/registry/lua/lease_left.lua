-- How many milliseconds a lease will stand if nobody renews it; negative where it does not stand.
-- KEYS: lease
-- ARGV: lease
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -2
end
return redis.call('PTTL', KEYS[1])

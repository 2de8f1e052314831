-- Makes the lease last longer (ARGV[2] ms) or, with 0, gives it back; only while it is valid.
-- KEYS: lease
-- ARGV: lease, ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  return redis.call('DEL', KEYS[1])
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])

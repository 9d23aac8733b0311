-- Takes permits to run something of a worker, as many as there are.
-- KEYS[1] the worker. ARGV[1] now or ''. ARGV[2] how many there are in all. ARGV[3] ms until they end unless renewed.
-- ARGV[4…] ids of the permits that are asked for.
-- Returns how many of them, from the first, were given.
-- Invariant: no more permits at once than there are; one that nobody renews ends by itself, so none can leak.
call('ZREMRANGEBYSCORE', key.permits, '-inf', int(now))
local given = math.min(#ARGV - 3, tonumber(ARGV[2]) - call('ZCARD', key.permits))
for i = 1, given do
  call('ZADD', key.permits, int(now + ARGV[3]), ARGV[3 + i])
end
call('PEXPIRE', key.permits, ARGV[3])
return math.max(given, 0)

-- Takes permits to run something of a worker, as many as there are.
-- KEYS[1] the worker. ARGV[1] now or ''. ARGV[2] how many there are in all. ARGV[3] ms until they end unless renewed.
-- ARGV[4…] ids of the permits that are asked for; those that are held already are given again.
-- Returns those that were given.
-- Invariant: none is given beyond what there is; one that nobody renews ends by itself, so none can leak.
call('ZREMRANGEBYSCORE', key.permits, '-inf', int(now))
local free = ARGV[2] - call('ZCARD', key.permits)
local given = {}
for i = 4, #ARGV do
  local isHeld = call('ZSCORE', key.permits, ARGV[i])
  if isHeld or free > 0 then
    call('ZADD', key.permits, int(now + ARGV[3]), ARGV[i])
    given[#given + 1] = ARGV[i]
    free = isHeld and free or free - 1
  end
end
if call('PTTL', key.permits) < tonumber(ARGV[3]) then
  call('PEXPIRE', key.permits, ARGV[3])
end
return given

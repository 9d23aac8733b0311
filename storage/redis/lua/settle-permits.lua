-- What a claim did with its permits: those that it did not use are given back.
-- KEYS[1] the gate's home. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] ms until permits end. ARGV[5] how many ids follow;
-- behind them the tokens of the leases that it made.
-- Returns the partitions that were refused before.
local isLease, leases, isFreed = {}, {}, false
for i = 6 + ARGV[5], #ARGV do
  isLease[ARGV[i]] = true
  leases[#leases + 1] = ARGV[i]
end
for i = 6, 5 + ARGV[5] do
  call('ZREM', reserved, ARGV[i])
  if not isLease[ARGV[i]] then
    isFreed = call('ZREM', permits, ARGV[i]) == 1 or isFreed
  end
end
putUntil(permits, now + tonumber(ARGV[4]), leases)
permitted.entered = #leases
flushGates()
return isFreed and tellRefused() or {}

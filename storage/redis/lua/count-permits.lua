-- Counts leases that were taken before their gate bounded anything.
-- KEYS[1] the gate's home. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] ms until permits end. ARGV[5…] tokens.
putUntil(permits, now + tonumber(ARGV[4]), ARGV, 5)
setGate(permitted, 'counted', '1')
flushGates()
return ''

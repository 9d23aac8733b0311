-- What waits at the gate is looked at again.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] gate.
lookAtGate(ARGV[2], now)
return ''

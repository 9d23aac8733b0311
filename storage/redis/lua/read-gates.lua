-- Gates as decode.ts reads them.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2…] scope and name in turns.
-- Returns of each {limits, whose these are or false, held until, probe, ramp or empty, pace or empty, leases, two clocks}.
local told = {}
for i = 2, #ARGV, 2 do
  local gate = loadGate(ARGV[i], ARGV[i + 1])
  local ramp, pace = unpack(call('HMGET', key.gate .. gate.id, 'ramp', 'pace'))
  told[#told + 1] = {
    gate.limitsText,
    gate.limitsFrom,
    int(gate.heldUntil),
    real(gate.probe),
    ramp or '',
    pace or '',
    leasesOf(gate),
    real(gate.rateClock),
    real(gate.spaceClock),
  }
end
return told

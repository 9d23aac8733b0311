-- Permits of a gate that several partitions share, in its home: one for each lease of its tasks, by token; and while the claim that
-- asked for them is under way also those that it may use. Where the gate bounds anything these are `reserved`: what a claim does not
-- use was never spent.
local permitted = loadGate(ARGV[2], ARGV[3])
local permits, reserved = key.permits .. permitted.id, key.reserved .. permitted.id
call('ZREMRANGEBYSCORE', permits, '-inf', int(now))
call('ZREMRANGEBYSCORE', reserved, '-inf', int(now))

permitsOf = function()
  return call('ZCARD', permits)
end
reservedOf = function()
  return call('ZCARD', reserved)
end

-- They end then, unless that is later already: who renews may not know that a lease was handed over for longer. From a place in the list on.
local function putUntil(set_, till, ids, from)
  for i = from or 1, #ids do
    call('ZADD', set_, 'GT', int(till), ids[i])
  end
  if call('PTTL', set_) < till - now then
    call('PEXPIRE', set_, int(till - now))
  end
end

-- The partitions that were refused since this was asked last: their lanes wait at the gate.
local function tellRefused()
  local refused = call('SMEMBERS', key.refused .. permitted.id)
  call('DEL', key.refused .. permitted.id)
  return refused
end

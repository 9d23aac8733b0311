-- Gates: what bounds starts, besides holds and leases, which are kept elsewhere.
-- HASH of a gate: `limits`, its own (a JSON list: maxConcurrent or -1, count or 0, perMs, burst, rampStepMs); `probe` (probeMs);
-- `ramp` ([from, base, 1 when it is spaced]); `pace` ([intervalMs, until, laterIntervalMs, expiresAt]), `pacedAt`; `rateClock`,
-- `spaceClock`. Of several partitions only: `counted`, in its home, while permits say all leases.
-- A worker without limits of its own has those of the longest rule for it.
-- Invariant: a gate that bounds anything, now or later, is in `gates`; one that is not there is open.
local gates, gatesChanged, rules = {}, {}, nil
-- Doubles as text, whole: clocks of buckets have fractions.
local function real(number)
  return string.format('%.17g', number)
end

-- The longest that fits. Of each length that rules have one is looked up, the longest first.
local function ruleFor(worker)
  if not rules then
    rules = { known = {}, lengths = {} }
    local isLength = {}
    for _, name in ipairs(call('SMEMBERS', key.rules)) do
      rules.known[name] = true
      if not isLength[#name] then
        isLength[#name] = true
        rules.lengths[#rules.lengths + 1] = #name
      end
    end
    table.sort(rules.lengths, function(a, b)
      return a > b
    end)
  end
  for _, length in ipairs(rules.lengths) do
    local name = string.sub(worker, 1, length - 1) .. '*'
    if #name == length and rules.known[name] then
      return name
    end
  end
end

-- As text, and whose they are: false when nobody set any.
local function limitsOf(scope, name, own)
  if own then
    return own, name
  end
  local rule = scope == 'worker' and ruleFor(name)
  return rule and call('HGET', key.gate .. 'worker:' .. rule, 'limits') or NO_LIMITS, rule or false
end

local function loadGate(scope, name)
  local id = scope .. ':' .. name
  if gates[id] then
    return gates[id]
  end
  local found = call('HMGET', key.gate .. id, 'limits', 'probe', 'ramp', 'pace', 'rateClock', 'spaceClock', 'counted')
  local limits, limitsFrom = limitsOf(scope, name, found[1])
  local gate = {
    id = id,
    scope = scope,
    name = name,
    isLimited = found[1] ~= false,
    limits = cjson.decode(limits),
    limitsText = limits,
    limitsFrom = limitsFrom,
    heldUntil = heldUntil(scope, name),
    probe = tonumber(found[2]) or 0,
    ramp = found[3] and cjson.decode(found[3]),
    pace = found[4] and cjson.decode(found[4]),
    rateClock = tonumber(found[5]) or 0,
    spaceClock = tonumber(found[6]) or 0,
    isCounted = found[7] == '1',
    entered = 0,
    -- Places in its line that a claim has called and not met yet.
    calls = {},
    fields = {},
  }
  gates[id] = gate
  return gate
end

local function setGate(gate, field, text)
  gate.fields[field] = text
  gatesChanged[gate.id] = gate
  isGated = true
end

local function setRamp(gate, from, base, isSpaced)
  gate.ramp = { from, base, isSpaced and 1 or 0 }
  setGate(gate, 'ramp', '[' .. int(from) .. ',' .. int(base) .. ',' .. gate.ramp[3] .. ']')
end

local function setProbe(gate, probeMs)
  gate.probe = probeMs
  setGate(gate, 'probe', probeMs > 0 and real(probeMs) or false)
end

local function noteGate(gate)
  local till = saysUntil(gate)
  if till <= now then
    call('DEL', key.gate .. gate.id)
    call('ZREM', key.gates, gate.id)
  else
    call('ZADD', key.gates, till == NEVER and '+inf' or int(till), gate.id)
  end
end

local function enter(gate)
  local rateClock, spaceClock = clocksAfter(gate)
  if rateClock ~= gate.rateClock then
    gate.rateClock = rateClock
    setGate(gate, 'rateClock', real(rateClock))
  end
  if spaceClock ~= gate.spaceClock then
    gate.spaceClock = spaceClock
    setGate(gate, 'spaceClock', real(spaceClock))
  end
  gate.entered = 0
end

local function flushGates()
  for _, gate in pairs(gates) do
    if gate.entered > 0 and not grantOf then
      enter(gate)
    end
  end
  local changed = gatesChanged
  gatesChanged = {}
  for id, gate in pairs(changed) do
    for field, text in pairs(gate.fields) do
      if text then
        call('HSET', key.gate .. id, field, text)
      else
        call('HDEL', key.gate .. id, field)
      end
    end
    gate.fields = {}
    noteGate(gate)
  end
end

-- Gates that say nothing any more go, a few at a time.
local function forgetOpenGates()
  for _, id in ipairs(call('ZRANGEBYSCORE', key.gates, '-inf', int(now), 'LIMIT', 0, 10)) do
    local scope, name = string.match(id, '^(%a+):(.*)$')
    noteGate(loadGate(scope, name))
  end
end

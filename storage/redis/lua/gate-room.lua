-- The arithmetic of gates: it is that of server/core/gate.ts and token-bucket.ts, where it says what all of this means. A gate is as
-- `gates.lua` loads it. Where several partitions share a gate its home counts permits instead of leases, and as spent what claims
-- under way may use; and a claim has what the home granted it. The scripts that do so set `permitsOf`, `reservedOf` and `grantOf`.
local permitsOf, reservedOf, grantOf = nil, nil, nil
local leasesOf, windowOf, isBounded, roomOf, clocksAfter, saysUntil
do
  -- Intervals are rounded up to it, so that sums of times are exact (token-bucket.ts).
  local GRAINS_PER_MS = 1024
  -- One that says nothing any more is kept for so long: whoever started before its ramp began may still ask to narrow it.
  local KEPT_MS = 3600 * 1000

  function leasesOf(gate)
    if permitsOf then
      return permitsOf(gate)
    elseif gate.scope == 'all' then
      return call('ZCARD', key.leases)
    end
    return tonumber(call('HGET', key.namedLeases .. gate.scope, gate.name) or 0)
  end

  local function stepOf(gate)
    return math.max(0, math.floor((now - gate.ramp[1]) / gate.limits[5]))
  end

  -- Nil when it is open.
  function windowOf(gate)
    if not gate.ramp or gate.limits[5] == 0 then
      return nil
    end
    local step = stepOf(gate)
    return step < RAMP_STEPS and gate.ramp[2] * 2 ^ step or nil
  end

  local function nextStepAt(gate)
    return gate.ramp[1] + (stepOf(gate) + 1) * gate.limits[5]
  end

  local function bucketWith(interval, burst)
    return { interval = math.ceil(interval * GRAINS_PER_MS) / GRAINS_PER_MS, burst = burst }
  end

  local function rateOf(gate)
    local count, perMs, burst = gate.limits[2], gate.limits[3], gate.limits[4]
    return count > 0 and bucketWith(perMs / count, burst) or nil
  end

  -- How far apart starts are by its pace, and when that changes.
  local function paceOf(gate)
    if not gate.pace or now >= gate.pace[4] then
      return 0, NEVER
    elseif now < gate.pace[2] then
      return gate.pace[1], gate.pace[2]
    end
    return gate.pace[3], gate.pace[4]
  end

  -- What spaces starts: the widest of the pace, the ramp and the probes. `changesAt`: who waits must not sleep through that.
  local function spacingOf(gate)
    local interval, changesAt = paceOf(gate)
    local window = gate.ramp and gate.ramp[3] == 1 and windowOf(gate)
    if window and gate.limits[5] / window > interval then
      interval, changesAt = gate.limits[5] / window, nextStepAt(gate)
    end
    if gate.probe > interval then
      interval, changesAt = gate.probe, NEVER
    end
    if interval == 0 then
      return nil
    end
    local bucket = bucketWith(interval, math.max(1, SPACING_CREDIT_MS / interval))
    bucket.changesAt = changesAt
    return bucket
  end

  local function restOf(bucket)
    return math.floor(bucket.interval * bucket.burst * GRAINS_PER_MS) / GRAINS_PER_MS
  end

  local function spentUntil(bucket, clock)
    return math.max(math.min(clock, now), now - restOf(bucket))
  end

  local function spend(bucket, clock, count)
    return bucket and spentUntil(bucket, clock) + count * bucket.interval or clock
  end

  local function tokensAt(bucket, clock)
    local from = spentUntil(bucket, reservedOf and spend(bucket, clock, reservedOf()) or clock)
    local free = math.max(0, math.floor((now - from) / bucket.interval))
    return free, free > 0 and now or math.ceil(from + bucket.interval)
  end

  -- Whether anything but a hold bounds it.
  function isBounded(gate)
    return gate.limits[1] >= 0 or gate.limits[2] > 0 or windowOf(gate) ~= nil or spacingOf(gate) ~= nil
  end

  -- How many may start now; when none, from when on one may (NEVER: when a lease ends).
  function roomOf(gate)
    if gate.heldUntil > now then
      return 0, gate.heldUntil
    elseif grantOf and isBounded(gate) then
      return grantOf(gate)
    end
    local least, nextAt = NEVER, NEVER
    local function bound(free, at)
      if free < least or (free == 0 and least == 0 and at > nextAt) then
        least, nextAt = free, at
      end
    end
    local window, max = windowOf(gate), gate.limits[1]
    local leases = (window or max >= 0) and leasesOf(gate)
    if max >= 0 then
      bound(math.max(0, max - leases), NEVER)
    end
    if window then
      bound(math.max(0, window - leases), nextStepAt(gate))
    end
    local rate, spacing = rateOf(gate), spacingOf(gate)
    if rate then
      bound(tokensAt(rate, gate.rateClock))
    end
    if spacing then
      local free, at = tokensAt(spacing, gate.spaceClock)
      bound(free, free > 0 and at or math.min(at, spacing.changesAt))
    end
    return least, nextAt
  end

  -- The clocks of its buckets when what has started is taken from them.
  function clocksAfter(gate)
    return spend(rateOf(gate), gate.rateClock, gate.entered), spend(spacingOf(gate), gate.spaceClock, gate.entered)
  end

  -- From when on nobody can tell it from an open one.
  function saysUntil(gate)
    if gate.isLimited or gate.probe > 0 then
      return NEVER
    end
    local till, rate = gate.spaceClock + gate.limits[5], rateOf(gate)
    if rate then
      till = math.max(till, gate.rateClock + restOf(rate))
    end
    if gate.ramp then
      till = math.max(till, gate.ramp[1] + RAMP_STEPS * gate.limits[5])
    end
    if gate.pace then
      till = math.max(till, gate.pace[4])
    end
    return math.ceil(math.max(till, gate.heldUntil) + KEPT_MS)
  end
end

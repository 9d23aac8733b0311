-- Holds on workgroups and workers: one entry each, however many tasks wait behind it. And the names that are listed.
-- Invariant: a name is listed while tasks, a hold that is kept or limits say it.
local function forgetName(scope, name)
  local isSaid = call('ZSCORE', key.namedTasks .. scope, name)
    or call('ZSCORE', key.holdEnds .. scope, name)
    or call('HEXISTS', key.gate .. scope .. ':' .. name, 'limits') == 1
  if not isSaid then
    call('ZREM', key.names .. scope, name)
  end
end

local function forgetHold(scope, name)
  call('HDEL', key.holds .. scope, name)
  call('ZREM', key.holdEnds .. scope, name)
  forgetName(scope, name)
end

-- Nobody looks at holds that are over: they go when another begins, or when names are listed.
local function forgetEndedHolds(scope)
  for _, name in ipairs(call('ZRANGEBYSCORE', key.holdEnds .. scope, '-inf', int(now), 'LIMIT', 0, 500)) do
    forgetHold(scope, name)
  end
end

-- Whether anything at all is held, limited or paced: where nothing is, that is all a script asks (see `gates.lua`).
local isGated = nil
local function hasGates()
  if isGated == nil then
    isGated = call('EXISTS', key.gates) == 1
  end
  return isGated
end

-- 0 when it is not held.
local function heldUntil(scope, name)
  if not hasGates() then
    return 0
  end
  local till = tonumber(call('ZSCORE', key.holdEnds .. scope, name) or 0)
  return till > now and till or 0
end

-- The later end of the holds on its worker and its workgroup.
local function laneHeldUntil(lane)
  local ofWorkgroup = lane.workgroup ~= '' and heldUntil('workgroup', lane.workgroup) or 0
  return math.max(heldUntil('worker', lane.worker), ofWorkgroup)
end

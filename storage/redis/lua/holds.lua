-- Holds on workgroups and workers: one entry each, however many tasks wait behind it.
-- Invariant: a workgroup is in the list of names while tasks are in it or a hold on it is kept.
local function forgetName(workgroup)
  if not call('ZSCORE', key.workgroupTasks, workgroup) and not call('ZSCORE', key.holdEnds .. 'workgroup', workgroup) then
    call('ZREM', key.workgroupNames, workgroup)
  end
end

local function forgetHold(scope, name)
  call('HDEL', key.holds .. scope, name)
  call('ZREM', key.holdEnds .. scope, name)
  if scope == 'workgroup' then
    forgetName(name)
  end
end

-- Nobody looks at holds that are over: they go when another begins, or when workgroups are listed.
local function forgetEndedHolds(scope)
  for _, name in ipairs(call('ZRANGEBYSCORE', key.holdEnds .. scope, '-inf', int(now), 'LIMIT', 0, 500)) do
    forgetHold(scope, name)
  end
end

-- 0 when it is not held.
local function heldUntil(scope, name)
  if name == '' then
    return 0
  end
  local till = tonumber(call('ZSCORE', key.holdEnds .. scope, name) or 0)
  return till > now and till or 0
end

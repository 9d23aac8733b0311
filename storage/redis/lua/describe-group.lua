-- A group as decode.ts reads it: {id, its hash, and of its waiting tasks how many are scheduled, retrying, throttled}.
local function laneWaiting(lane, waiting)
  local after = '(' .. int(now)
  local later = call('ZCOUNT', key.ready .. lane.id, after, '+inf')
  local retrying = call('ZCOUNT', key.retrying .. lane.id, after, '+inf')
  waiting.scheduled = waiting.scheduled + later - retrying
  waiting.retrying = waiting.retrying + retrying
  if heldUntil('worker', lane.worker) > 0 or heldUntil('workgroup', lane.workgroup) > 0 then
    local ready = call('ZCOUNT', key.ready .. lane.id, '-inf', int(now))
    waiting.throttled = waiting.throttled + ready + call('ZCARD', key.parked .. lane.id)
  end
end

local function describeGroup(id)
  local hash = call('HGETALL', key.group .. id)
  local waiting = { scheduled = 0, retrying = 0, throttled = 0 }
  if call('HEXISTS', key.group .. id, 'waiting') == 1 then
    for _, laneId in ipairs(call('HVALS', key.groupLanes .. id)) do
      laneWaiting(loadLane(laneId), waiting)
    end
  end
  return { id, hash, waiting.scheduled, waiting.retrying, waiting.throttled }
end

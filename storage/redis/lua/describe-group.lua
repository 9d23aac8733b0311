-- A group as decode.ts reads it: {id, its hash, {how many of its waiting tasks are scheduled, retrying, throttled}}. The last is
-- false of a group that has more lanes than this script may still look at: count-waiting.lua counts those in parts.
local lanesLeft = MAX_LANES

-- {scheduled, retrying, throttled} of a lane.
local function waitingIn(lane)
  local after = '(' .. int(now)
  local later = call('ZCOUNT', key.ready .. lane.id, after, '+inf')
  local retrying = call('ZCOUNT', key.retrying .. lane.id, after, '+inf')
  local throttled = 0
  if laneHeldUntil(lane) > 0 then
    throttled = call('ZCOUNT', key.ready .. lane.id, '-inf', int(now)) + call('ZCARD', key.parked .. lane.id)
  end
  return { later - retrying, retrying, throttled }
end

local function waitingOf(id)
  local waiting = { 0, 0, 0 }
  if call('HEXISTS', key.group .. id, 'waiting') == 0 then
    return waiting
  end
  lanesLeft = lanesLeft - call('HLEN', key.groupLanes .. id)
  if lanesLeft < 0 then
    return false
  end
  for _, laneId in ipairs(call('HVALS', key.groupLanes .. id)) do
    for i, counted in ipairs(waitingIn(loadLane(laneId))) do
      waiting[i] = waiting[i] + counted
    end
  end
  return waiting
end

local function describeGroup(id)
  return { id, call('HGETALL', key.group .. id), waitingOf(id) }
end

-- Lanes: tasks of a group with the same worker, workgroup and priority share one (see storage/sqlite/README.md). A lane is
-- idle ('i': nothing claimable known), queued ('q'), timed ('t': in the clock until its head is due) or held ('h': what
-- holds it, `by`, lets nothing start: its group, or the gate of its workgroup). `at` and `seq` are a lower bound of its first
-- claimable task. The ready tasks are the truth, lanes only say where to look.
-- Lanes of a workgroup whose gate has no room wait at it, and the gate is in the clock instead of them. There is one place in its
-- line for a group and worker, and behind that their lanes by priority: so groups take turns, and within one the priority counts.
-- Invariant: a queued lane has one entry in its queue, a timed one is in the clock, a held one in the set of its cause. A gate at
-- which lanes wait is in the clock, or a lease of its workgroup is alive, whose end puts it there.
local LANE_FIELDS = { 'group', 'number', 'worker', 'workgroup', 'priority', 'state', 'at', 'seq', 'by', 'entry' }
local lanes, lanesChanged, laneCounts = {}, {}, {}

local function loadLane(id)
  local known = lanes[id]
  if known ~= nil then
    return known or nil
  end
  local found = call('HMGET', key.lane .. id, unpack(LANE_FIELDS))
  if not found[1] then
    lanes[id] = false
    return nil
  end
  local lane = {
    id = id,
    group = found[1],
    number = tonumber(found[2]),
    worker = found[3],
    workgroup = found[4],
    priority = tonumber(found[5]),
    state = found[6],
    at = tonumber(found[7]) or NEVER,
    seq = tonumber(found[8]) or 0,
    by = found[9] or '',
    entry = found[10] or '',
  }
  lanes[id] = lane
  return lane
end

-- Nil when the lane's group is gone, or another one has its id now.
local function livingLane(id)
  local lane = loadLane(id)
  local group = lane and loadGroup(lane.group)
  return group and group.number == lane.number and lane or nil
end

local function laneChanged(lane)
  lanesChanged[lane.id] = lane
end

local function countInLane(id, field, delta)
  local counts = laneCounts[id]
  if not counts then
    counts = { tasks = 0, running = 0, complete = 0 }
    laneCounts[id] = counts
  end
  counts[field] = counts[field] + delta
end

local function queueKey(number, worker)
  return key.queue .. int(number) .. ':' .. worker
end

-- The gate of a workgroup, among causes and in the clock.
local function isGate(id)
  return string.sub(id, 1, 10) == 'workgroup:'
end

local function placeInLine(lane)
  return int(lane.number) .. ' ' .. lane.worker
end

local function leaveLine(gateId, linePlace, laneId)
  local lanesThere = key.line .. gateId .. ' ' .. linePlace
  call('ZREM', lanesThere, laneId)
  if call('EXISTS', lanesThere) == 0 then
    call('ZREM', key.held .. gateId, linePlace)
  end
end

-- Takes a lane from wherever its state has put it.
local function unplace(lane)
  if lane.state == 'q' then
    call('ZREM', queueKey(lane.number, lane.worker), lane.entry)
    lane.entry = ''
  elseif lane.state == 't' then
    call('ZREM', key.clock, lane.id)
  elseif lane.state == 'h' then
    if isGate(lane.by) then
      leaveLine(lane.by, placeInLine(lane), lane.id)
    else
      call('ZREM', key.held .. lane.by, lane.id)
    end
    lane.by = ''
  end
  lane.state = 'i'
  laneChanged(lane)
end

-- Entries of one priority are in the order of their texts: by time, then by number of the task.
local function enqueue(lane)
  lane.state = 'q'
  lane.entry = string.format('%015.0f%011.0f', lane.at, lane.seq) .. lane.id
  call('ZADD', queueKey(lane.number, lane.worker), -lane.priority, lane.entry)
  if not call('ZSCORE', key.ring .. lane.worker, int(lane.number)) then
    call('ZADD', key.ring .. lane.worker, nextNumber('turn'), int(lane.number))
  end
  if not call('ZSCORE', key.workers, lane.worker) then
    call('ZADD', key.workers, nextNumber('turn'), lane.worker)
  end
end

-- Puts a lane where its head belongs.
local function place(lane)
  unplace(lane)
  if lane.at <= now then
    enqueue(lane)
  elseif lane.at ~= NEVER then
    lane.state = 't'
    call('ZADD', key.clock, int(lane.at), lane.id)
  end
end

-- A task of the lane became claimable, apart from its time.
local function offer(lane, runAfter, seq)
  if runAfter < lane.at or (runAfter == lane.at and seq < lane.seq) then
    lane.at = runAfter
    lane.seq = seq
    laneChanged(lane)
    if lane.state ~= 'h' then
      place(lane)
    end
  end
end

-- Nothing of it may start until somebody wakes the cause.
local function holdLane(lane, cause)
  unplace(lane)
  lane.state = 'h'
  lane.by = cause
  call('ZADD', key.held .. cause, lane.id, lane.id)
end

-- In the line, at that turn unless its group and worker have a place there.
local function waitAtGate(lane, gateId, turn)
  unplace(lane)
  lane.state = 'h'
  lane.by = gateId
  local linePlace = placeInLine(lane)
  call('ZADD', key.line .. gateId .. ' ' .. linePlace, -lane.priority, lane.id)
  call('ZADD', key.held .. gateId, 'NX', int(turn), linePlace)
end

-- What waits at the gate is looked at then.
local function lookAtGate(id, at)
  if isGate(id) and call('EXISTS', key.held .. id) == 1 then
    call('ZADD', key.clock, int(at), id)
  end
end

local function wakeSome(set, cause, ids)
  for _, id in ipairs(ids) do
    local lane = livingLane(id)
    if lane and lane.state == 'h' and lane.by == cause then
      place(lane)
    end
    call('ZREM', set, id)
  end
end

-- The cause is gone or changed: what it held is looked at again. Of very many lanes the rest is woken by the next scripts, from a
-- set of its own: what the cause comes to hold again meanwhile stays held.
local function wake(cause)
  local held = key.held .. cause
  wakeSome(held, cause, call('ZRANGE', held, 0, MAX_WOKEN - 1))
  if call('EXISTS', held) == 1 then
    local waking = int(nextNumber('turn')) .. ' ' .. cause
    call('RENAME', held, key.waking .. waking)
    call('RPUSH', key.wakings, waking)
  end
end

local function wakeMore()
  local waking = call('LINDEX', key.wakings, 0)
  if waking then
    local set = key.waking .. waking
    wakeSome(set, string.match(waking, '^%d+ (.*)$'), call('ZRANGE', set, 0, MAX_WOKEN - 1))
    if call('EXISTS', set) == 0 then
      call('LPOP', key.wakings)
    end
  end
end

local function groupCause(number)
  return 'group:' .. int(number)
end

local function laneName(worker, workgroup, priority)
  return int(priority) .. ' ' .. worker .. ' ' .. workgroup
end

-- The lane of these, made when there is none.
local function laneFor(group, worker, workgroup, priority)
  local name = laneName(worker, workgroup, priority)
  local id = call('HGET', key.groupLanes .. group.id, name)
  if id then
    return loadLane(id)
  end
  id = int(nextNumber('lane'))
  call('HSET', key.groupLanes .. group.id, name, id)
  call('HSET', key.lane .. id, 'group', group.id, 'number', int(group.number), 'worker', worker)
  call('HSET', key.lane .. id, 'workgroup', workgroup, 'priority', int(priority), 'state', 'i')
  call('ZADD', key.namedLanes .. 'worker:' .. worker, id, id)
  if workgroup ~= '' then
    call('ZADD', key.namedLanes .. 'workgroup:' .. workgroup, id, id)
  end
  -- Looked at by the flush: what it was made for may be gone before.
  countInLane(id, 'tasks', 0)
  return loadLane(id)
end

-- Without tasks a lane is nothing; a group would else keep one for every workgroup that it ever had.
local function dropLane(lane)
  unplace(lane)
  lanesChanged[lane.id] = nil
  lanes[lane.id] = false
  call('HDEL', key.groupLanes .. lane.group, laneName(lane.worker, lane.workgroup, lane.priority))
  call('DEL', key.lane .. lane.id)
  call('ZREM', key.namedLanes .. 'worker:' .. lane.worker, lane.id)
  if lane.workgroup ~= '' then
    call('ZREM', key.namedLanes .. 'workgroup:' .. lane.workgroup, lane.id)
  end
end

local function countNamed(scope, name, counts)
  if name == '' then
    return
  end
  count(key.namedLeases .. scope, name, counts.running)
  count(key.namedComplete .. scope, name, counts.complete)
  if counts.running < 0 and hasGates() then
    lookAtGate(scope .. ':' .. name, now)
  end
  if counts.tasks ~= 0 then
    if tonumber(call('ZINCRBY', key.namedTasks .. scope, int(counts.tasks), name)) == 0 then
      call('ZREM', key.namedTasks .. scope, name)
      forgetName(scope, name)
    else
      call('ZADD', key.names .. scope, 0, name)
    end
  end
end

local function flushLanes()
  for id, lane in pairs(lanesChanged) do
    local at = lane.at == NEVER and '' or int(lane.at)
    call('HSET', key.lane .. id, 'state', lane.state, 'at', at, 'seq', int(lane.seq), 'by', lane.by, 'entry', lane.entry)
  end
  lanesChanged = {}
  for id, counts in pairs(laneCounts) do
    local lane = loadLane(id)
    count(key.lane .. id, 'running', counts.running)
    count(key.lane .. id, 'tasks', counts.tasks)
    countNamed('worker', lane.worker, counts)
    countNamed('workgroup', lane.workgroup, counts)
    local mayBeEmpty = counts.tasks < 0 or (counts.tasks == 0 and counts.running == 0)
    if mayBeEmpty and call('HEXISTS', key.lane .. id, 'tasks') == 0 then
      dropLane(lane)
    end
  end
  laneCounts = {}
end

-- Lanes: tasks of a group with the same worker, workgroup and priority share one (see storage/sqlite/README.md). A lane is
-- idle ('i': nothing claimable known), queued ('q'), timed ('t': in the clock until its head is due) or held ('h': what
-- holds it, `by`, lets nothing start). `at` and `seq` are a lower bound of its first claimable task. The ready tasks are
-- the truth, lanes only say where to look.
-- Invariant: a queued lane has one entry in its queue, a timed one is in the clock, a held one in the set of its cause.
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

local function flushLanes()
  for id, lane in pairs(lanesChanged) do
    local at = lane.at == NEVER and '' or int(lane.at)
    call('HSET', key.lane .. id, 'state', lane.state, 'at', at, 'seq', int(lane.seq), 'by', lane.by, 'entry', lane.entry)
  end
  lanesChanged = {}
  for id, counts in pairs(laneCounts) do
    count(key.lane .. id, 'tasks', counts.tasks)
    count(key.lane .. id, 'running', counts.running)
    local lane = loadLane(id)
    count(key.leasesByWorker, lane.worker, counts.running)
    if lane.workgroup ~= '' and counts.tasks ~= 0 then
      if tonumber(call('ZINCRBY', key.workgroupTasks, int(counts.tasks), lane.workgroup)) == 0 then
        call('ZREM', key.workgroupTasks, lane.workgroup)
        forgetName(lane.workgroup)
      else
        call('ZADD', key.workgroupNames, 0, lane.workgroup)
      end
    end
  end
  laneCounts = {}
end

local function countInLane(id, field, delta)
  local counts = laneCounts[id]
  if not counts then
    counts = { tasks = 0, running = 0 }
    laneCounts[id] = counts
  end
  counts[field] = counts[field] + delta
end

local function queueKey(number, worker)
  return key.queue .. int(number) .. ':' .. worker
end

-- Takes a lane from wherever its state has put it.
local function unplace(lane)
  if lane.state == 'q' then
    call('ZREM', queueKey(lane.number, lane.worker), lane.entry)
    lane.entry = ''
  elseif lane.state == 't' then
    call('ZREM', key.clock, lane.id)
  elseif lane.state == 'h' then
    call('ZREM', key.held .. lane.by, lane.id)
    call('ZREM', key.clock, lane.id)
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

-- Nothing of it may start before `till` (NEVER: until somebody wakes the cause).
local function holdLane(lane, cause, till)
  unplace(lane)
  lane.state = 'h'
  lane.by = cause
  call('ZADD', key.held .. cause, lane.id, lane.id)
  if till ~= NEVER then
    call('ZADD', key.clock, int(till), lane.id)
  end
end

-- The cause is gone or changed: what it held is looked at again.
local function wake(cause)
  for _, id in ipairs(call('ZRANGE', key.held .. cause, 0, -1)) do
    local lane = livingLane(id)
    if lane then
      place(lane)
    else
      call('ZREM', key.held .. cause, id)
    end
  end
end

-- Moves what has come due into the queues, so many at a time; the next script goes on.
local function tick()
  for _, id in ipairs(call('ZRANGEBYSCORE', key.clock, '-inf', int(now), 'LIMIT', 0, 500)) do
    local lane = livingLane(id)
    if lane then
      place(lane)
    else
      call('ZREM', key.clock, id)
    end
  end
end

local function groupCause(number)
  return 'group:' .. int(number)
end

-- The lane of these, made when there is none.
local function laneFor(group, worker, workgroup, priority)
  local name = int(priority) .. ' ' .. worker .. ' ' .. workgroup
  local id = call('HGET', key.groupLanes .. group.id, name)
  if id then
    return loadLane(id)
  end
  id = int(nextNumber('lane'))
  call('HSET', key.groupLanes .. group.id, name, id)
  call('HSET', key.lane .. id, 'group', group.id, 'number', int(group.number), 'worker', worker)
  call('HSET', key.lane .. id, 'workgroup', workgroup, 'priority', int(priority), 'state', 'i')
  if workgroup ~= '' then
    call('ZADD', key.workgroupLanes .. workgroup, id, id)
  end
  return loadLane(id)
end

-- A group goes: its lanes are found by no claim any more.
local function forgetLanes(groupId)
  for _, id in ipairs(call('HVALS', key.groupLanes .. groupId)) do
    local lane = loadLane(id)
    if lane then
      unplace(lane)
      lanesChanged[id] = nil
      local tasks = tonumber(call('HGET', key.lane .. id, 'tasks') or 0)
      if lane.workgroup ~= '' then
        call('ZREM', key.workgroupLanes .. lane.workgroup, id)
      end
      countInLane(id, 'tasks', -tasks)
    end
  end
  flushLanes()
  for _, id in ipairs(call('HVALS', key.groupLanes .. groupId)) do
    call('DEL', key.lane .. id, key.ready .. id, key.parked .. id, key.retrying .. id)
    lanes[id] = false
  end
  call('DEL', key.groupLanes .. groupId)
end

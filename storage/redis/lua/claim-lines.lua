-- What has come due when a claim comes: timed lanes, and places in the lines at gates of workgroups.

-- Wakes the lane whose turn it is at the gate. Returns its worker when it goes on, and is called; what waits for something else as well
-- waits there.
local function wakeNext(gate, linePlace)
  local laneId = call('ZRANGE', key.line .. gate.id .. ' ' .. linePlace, 0, 0)[1] or ''
  local lane = livingLane(laneId)
  call('ZADD', key.held .. gate.id, nextNumber('turn'), linePlace)
  if not lane then
    leaveLine(gate.id, linePlace, laneId)
  elseif isGroupHeld(lane) then
    holdLane(lane, groupCause(lane.number))
  elseif grants and not slotsByWorker[lane.worker] then
    wantedWorkers[lane.worker] = true
  else
    place(lane)
    if lane.state == 'q' and freeOfWorker(lane.worker) > 0 then
      gate.calls[linePlace] = true
      return lane.worker
    end
  end
end

-- Asks for what the first in line need: room at the gate, and slots of their workers.
local function wantFirstInLine(gateId)
  for _, linePlace in ipairs(call('ZRANGE', key.held .. gateId, 0, MAX_WANTED - 1)) do
    local laneId = call('ZRANGE', key.line .. gateId .. ' ' .. linePlace, 0, 0)[1] or ''
    local lane = livingLane(laneId)
    if not lane then
      leaveLine(gateId, linePlace, laneId)
    elseif isGroupHeld(lane) then
      holdLane(lane, groupCause(lane.number))
    else
      wanted[gateId] = true
      wantedWorkers[lane.worker] = true
    end
  end
end

-- Wakes as many lanes as the gate has room for, and this claim. Adds their workers to those given.
local function wakeAtGate(gateId, workers)
  local gate, line = loadGate('workgroup', string.sub(gateId, 11)), key.held .. gateId
  local room, woken, left = math.min(freeAt(gate), limit - #claimed), 0, call('ZCARD', line)
  while woken < room and wakesLeft > 0 and left > 0 do
    local places = call('ZRANGE', line, 0, math.min(room - woken, wakesLeft, left) - 1)
    wakesLeft, left = wakesLeft - #places, left - #places
    for _, linePlace in ipairs(places) do
      local worker = wakeNext(gate, linePlace)
      if worker then
        woken = woken + 1
        workers[worker] = true
      end
    end
  end
  if isToBeGranted(gate) then
    wantFirstInLine(gateId)
  end
  -- What there is room for is shared by those whose turn it is.
  gate.share = woken > 0 and math.max(1, math.floor(room / woken)) or gate.share
end

-- Moves what has come due into the queues, so many at a time; the next script goes on.
local function tick()
  if hasGates() then
    forgetOpenGates()
    local all = loadGate('all', '')
    wanted[all.id] = isToBeGranted(all) or nil
    limit = math.min(limit, freeAt(all))
  end
  wakeMore()
  local due = call('ZRANGEBYSCORE', key.clock, '-inf', int(now), 'LIMIT', 0, MAX_WOKEN)
  isMoreDue = #due == MAX_WOKEN or call('EXISTS', key.wakings) == 1
  for _, id in ipairs(due) do
    local lane = livingLane(id)
    if lane then
      place(lane)
    else
      call('ZREM', key.clock, id)
      if isGate(id) then
        wakeAtGate(id, {})
      end
    end
  end
end

-- When the lanes that wait at the gates which this script met are looked at next.
local function setGateClocks()
  for id, gate in pairs(gates) do
    if gate.free and isGate(id) and call('EXISTS', key.held .. id) == 1 then
      local room, nextAt = roomOf(gate)
      if room > 0 or nextAt ~= NEVER then
        call('ZADD', key.clock, int(room > 0 and now or nextAt), id)
      end
    end
  end
end

-- Those that may start something, in turns. Where grants are given the others are looked at too, for what they want.
local function workersToServe()
  if slotsPerWorker > 0 or grants then
    return call('ZRANGE', key.workers, 0, MAX_WORKERS - 1)
  end
  local named, turns = {}, {}
  for worker in pairs(slotsByWorker) do
    turns[worker] = tonumber(call('ZSCORE', key.workers, worker) or nil)
    if turns[worker] then
      named[#named + 1] = worker
    end
  end
  table.sort(named, function(a, b)
    return turns[a] < turns[b]
  end)
  return named
end

local function takeFromWorkers()
  for _, worker in ipairs(workersToServe()) do
    if #claimed >= limit or isCutShort() then
      break
    end
    takeFromWorker(worker)
  end
end

-- What was woken may turn out to have nothing to start; then it is the turn of the next in line.
local function takeFromLines()
  local workers
  repeat
    workers = {}
    for id, gate in pairs(gates) do
      if isGate(id) and gate.free and gate.free > 0 and call('EXISTS', key.held .. id) == 1 then
        wakeAtGate(id, workers)
      end
    end
    for worker in pairs(workers) do
      takeFromWorker(worker)
    end
  until not next(workers) or #claimed >= limit or isCutShort()
end

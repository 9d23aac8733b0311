-- How a claim takes tasks: workers take turns, within a worker its groups, within a group its lanes, as far as gates have room.
-- See `claim.lua` for ARGV.
local limit, leaseMs, boot, token = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local slotsPerWorker, slotsByWorker, maxLeasesPerWorker = tonumber(ARGV[6]), cjson.decode(ARGV[7]), tonumber(ARGV[8])
-- `setAside`: duplicates of running tasks, and lanes that may not start; bounds the length of the script.
local claimed, probes, setAside = {}, {}, 0
local isCrowded = call('ZCARD', key.workers) > MAX_WORKERS
-- `wakesLeft`: lanes that this script may still wake at gates.
local workersFree, wakesLeft = {}, MAX_WOKEN

-- Of several partitions only: by gate, how many may start and after how many ms more may (-1: nobody knows). `wanted`: gates that bound
-- something here and were not granted; `wantedWorkers`: workers that wait in line, and were given no slots.
local grants = ARGV[10] ~= '' and cjson.decode(ARGV[10])
local wanted, wantedWorkers = {}, {}
grantOf = grants and function(gate)
  local grant = grants[gate.id] or { 0, 0 }
  return math.max(0, grant[1] - gate.entered), grant[2] < 0 and NEVER or now + grant[2]
end

local function isToBeGranted(gate)
  return grants and not grants[gate.id] and gate.heldUntil <= now and isBounded(gate)
end

-- How many may still start in this script.
local function freeAt(gate)
  if not gate.free then
    gate.free = roomOf(gate)
  end
  return gate.free
end

local function enterGates(lane)
  if not hasGates() then
    return
  end
  local worker = loadGate('worker', lane.worker)
  local entered = { worker, loadGate('all', ''), lane.workgroup ~= '' and loadGate('workgroup', lane.workgroup) or nil }
  for _, gate in ipairs(entered) do
    gate.free = freeAt(gate) - 1
    gate.entered = gate.entered + 1
  end
  return worker.probe > 0
end

-- How many tasks of a worker may start, by its slots and its gate.
local function freeOfWorker(worker)
  if not workersFree[worker] then
    local unleased = maxLeasesPerWorker - (call('HGET', key.namedLeases .. 'worker', worker) or 0)
    local free = math.min(slotsByWorker[worker] or slotsPerWorker, unleased)
    if (free > 0 or grants and slotsByWorker[worker]) and hasGates() then
      free = math.min(free, freeAt(loadGate('worker', worker)))
    end
    workersFree[worker] = free
  end
  return workersFree[worker]
end

local function isCutShort()
  return setAside >= MAX_SET_ASIDE
end

-- More has come due, or may be woken, than one script looks at.
local isMoreDue = false

local function lease(row)
  claimed[#claimed + 1] = row.id
  touch(row)
  row.till = now + leaseMs
  row.token = token .. '.' .. #claimed
  set(row, 'until', int(row.till))
  set(row, 'token', row.token)
  set(row, 'boot', boot)
  set(row, 'startedAt', int(now))
  setVersion(row, row.version + 1)
  set(row, 'attempts', int((row.hash.attempts or 0) + 1))
  holdKey(row.mergeKey)
  local lane = loadLane(row.lane)
  workersFree[lane.worker] = workersFree[lane.worker] - 1
  if enterGates(lane) then
    probes[#probes + 1] = row.id
  end
end

local function park(row)
  touch(row)
  row.isParked = true
  set(row, 'parked', '1')
  call('SADD', key.parkedByKey .. row.mergeKey, row.id)
  setAside = setAside + 1
end

local function isGroupHeld(lane)
  return loadGroup(lane.group).isPaused or lockOf(lane.group) ~= nil
end

-- How many of the lane the gate lets start. A call is good for one share, of whichever lane of the place is met first; who was not
-- called goes past nobody who was, or who waits in line.
local function roomAtGate(gate, lane)
  local free, linePlace = freeAt(gate), placeInLine(lane)
  if gate.calls[linePlace] then
    gate.calls[linePlace] = nil
    return math.min(free, gate.share)
  end
  local isNext = free == NEVER or (not next(gate.calls) and call('EXISTS', key.held .. gate.id) == 0)
  return isNext and free or 0
end

-- How many of the lane may start, as far as its group and its workgroup go. When none, it is set aside until that ends. `turn`: of its
-- group among the others of the worker.
local function roomFor(lane, turn)
  if isGroupHeld(lane) then
    holdLane(lane, groupCause(lane.number))
    return 0
  end
  if lane.workgroup == '' or not hasGates() then
    return limit
  end
  local gate = loadGate('workgroup', lane.workgroup)
  local room = roomAtGate(gate, lane)
  if room <= 0 then
    wanted[gate.id] = isToBeGranted(gate) or nil
    waitAtGate(lane, gate.id, turn)
  end
  return room
end

local function laneOfEntry(entry)
  return entry and loadLane(string.sub(entry, 27))
end

local function comesFirst(lane, runAfter, seq)
  if lane.at ~= runAfter then
    return lane.at < runAfter
  end
  return lane.seq < seq
end

local function setHead(lane, found)
  lane.at = found[2] and tonumber(found[2]) or NEVER
  lane.seq = found[1] and tonumber(string.sub(found[1], 1, 11)) or 0
  place(lane)
end

-- Takes tasks in order until the next lane's head would come first; then says where this lane's head is now.
local function takeFromLane(lane, nextLane, wanted)
  local ready = key.ready .. lane.id
  local found = call('ZRANGEBYSCORE', ready, '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, wanted)
  local taken = 0
  for i = 1, #found, 2 do
    local seq, id = tonumber(string.sub(found[i], 1, 11)), string.sub(found[i], 12)
    if isCutShort() then
      break
    end
    if nextLane and nextLane.priority == lane.priority and comesFirst(nextLane, tonumber(found[i + 1]), seq) then
      break
    end
    local row = loadWholeTask(id)
    if not row then
      call('ZREM', ready, found[i])
    elseif isKeyLeased(row.mergeKey) then
      park(row)
    else
      row.member = found[i]
      lease(row)
      taken = taken + 1
    end
  end
  flushTasks()
  setHead(lane, call('ZRANGE', ready, 0, 0, 'WITHSCORES'))
  return taken
end

-- When one of its tasks has started, the rest comes to a line with the turn that the group has next: behind those whose turn is still
-- to come.
local function takeFromGroup(queue, wanted)
  local taken = 0
  while taken < wanted and not isCutShort() do
    local lane = laneOfEntry(call('ZRANGE', queue.key, 0, 0)[1])
    if not lane then
      break
    end
    unplace(lane)
    local room = math.min(wanted - taken, roomFor(lane, taken > 0 and queue.nextTurn or queue.turn))
    if room <= 0 then
      setAside = setAside + 1
    else
      taken = taken + takeFromLane(lane, laneOfEntry(call('ZRANGE', queue.key, 0, 0)[1]), room)
    end
  end
  return taken
end

-- The queue of the group whose turn it is, that turn, and the one it has next: it goes to the end of the worker's ring, or off it when
-- nothing is queued.
local function nextQueue(worker)
  local ring = key.ring .. worker
  while true do
    local number, turn = unpack(call('ZRANGE', ring, 0, 0, 'WITHSCORES'))
    if not number then
      return nil
    end
    local queue = queueKey(number, worker)
    if call('EXISTS', queue) == 1 then
      local nextTurn = nextNumber('turn')
      call('ZADD', ring, nextTurn, number)
      return { key = queue, turn = tonumber(turn), nextTurn = nextTurn }
    end
    call('ZREM', ring, number)
  end
end

local function takeFromWorker(worker)
  local free = math.min(freeOfWorker(worker), limit - #claimed)
  if free <= 0 then
    if isCrowded then
      -- Passed over, it must not stand before those that nobody has looked at.
      call('ZADD', key.workers, nextNumber('turn'), worker)
    end
    return
  end
  local roundEnd, share = -1, 0
  while free > 0 and not isCutShort() do
    local queue = nextQueue(worker)
    if not queue then
      break
    end
    if queue.turn > roundEnd then
      -- Equal shares for a round; what one group cannot use goes to the others in the next. Groups that turn out to have nothing are
      -- no turns of it.
      roundEnd = queue.nextTurn - 1
      share = math.max(1, math.floor(free / call('ZCARD', key.ring .. worker)))
    end
    free = free - takeFromGroup(queue, math.min(share, free))
  end
  if call('EXISTS', key.ring .. worker) == 1 then
    call('ZADD', key.workers, nextNumber('turn'), worker)
  else
    call('ZREM', key.workers, worker)
  end
end

-- Leases claimable tasks: workers take turns, within a worker its groups, within a group higher priority first, then
-- earlier runAfter, then earlier created.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] at most so many tasks. ARGV[3] lease in ms. ARGV[4] boot. ARGV[5] token;
-- a task gets it with its place in this claim. ARGV[6] slots of a worker. ARGV[7] slots by worker as JSON. ARGV[8] leases that
-- one worker may have at once. ARGV[9] tokens of claims whose answer did not arrive, as keys of a JSON object.
-- Returns {tasks, their parents' results (the first of many), lanes, the store's time, when the next task is due or false, 1 while a large change
-- set is under way, 1 while something is queued, how many holds the other partitions do not have yet}.
-- Invariant: a task is leased at most once at a time, and no two tasks of one merge key.
local limit, leaseMs, boot, token = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local slotsPerWorker, slotsByWorker, maxLeasesPerWorker = tonumber(ARGV[6]), cjson.decode(ARGV[7]), tonumber(ARGV[8])
-- `setAside`: duplicates of running tasks, and lanes that are held; bounds the length of the script.
local claimed, setAside = {}, 0
local isCrowded = call('ZCARD', key.workers) > MAX_WORKERS

local function isCutShort()
  return setAside >= MAX_SET_ASIDE
end

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
  call('HINCRBY', key.task .. row.id, 'attempts', 1)
  call('ZADD', key.leases, int(row.till), row.id)
  holdKey(row.mergeKey)
end

local function park(row)
  touch(row)
  row.isParked = true
  set(row, 'parked', '1')
  call('SADD', key.parkedByKey .. row.mergeKey, row.id)
  setAside = setAside + 1
end

-- Whether nothing of the lane may start; it is set aside then until that ends.
local function isHeld(lane)
  local group = loadGroup(lane.group)
  if group.isPaused or lockOf(lane.group) then
    holdLane(lane, groupCause(lane.number), NEVER)
    return true
  end
  local till = heldUntil('worker', lane.worker)
  if till > 0 then
    holdLane(lane, 'worker:' .. lane.worker, till)
    return true
  end
  till = heldUntil('workgroup', lane.workgroup)
  if till > 0 then
    holdLane(lane, 'workgroup:' .. lane.workgroup, till)
  end
  return till > 0
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
    local row = loadTask(id)
    if not row then
      call('ZREM', ready, found[i])
    elseif isKeyLeased(row.mergeKey) then
      park(row)
    else
      lease(row)
      taken = taken + 1
    end
  end
  flushTasks()
  setHead(lane, call('ZRANGE', ready, 0, 0, 'WITHSCORES'))
  return taken
end

local function takeFromGroup(queue, wanted)
  local taken = 0
  while taken < wanted and not isCutShort() do
    local lane = laneOfEntry(call('ZRANGE', queue, 0, 0)[1])
    if not lane then
      break
    end
    unplace(lane)
    if isHeld(lane) then
      setAside = setAside + 1
    else
      taken = taken + takeFromLane(lane, laneOfEntry(call('ZRANGE', queue, 0, 0)[1]), wanted - taken)
    end
  end
  return taken
end

-- The queue of the group whose turn it is. It goes to the end of the worker's ring, or off it when nothing is queued.
local function nextQueue(worker)
  local ring = key.ring .. worker
  while true do
    local number = call('ZRANGE', ring, 0, 0)[1]
    if not number then
      return nil
    end
    local queue = queueKey(number, worker)
    if call('EXISTS', queue) == 1 then
      call('ZADD', ring, nextNumber('turn'), number)
      return queue
    end
    call('ZREM', ring, number)
  end
end

local function takeFromWorker(worker)
  local unleased = maxLeasesPerWorker - (call('HGET', key.leasesByWorker, worker) or 0)
  local free = math.min(slotsByWorker[worker] or slotsPerWorker, unleased, limit - #claimed)
  if free <= 0 then
    if isCrowded then
      -- Passed over, it must not stand before those that nobody has looked at.
      call('ZADD', key.workers, nextNumber('turn'), worker)
    end
    return
  end
  local turnsLeft, share = 0, 0
  while free > 0 and not isCutShort() do
    if turnsLeft == 0 then
      -- Equal shares for a round; what one group cannot use goes to the others in the next.
      turnsLeft = math.max(1, call('ZCARD', key.ring .. worker))
      share = math.max(1, math.floor(free / turnsLeft))
    end
    local queue = nextQueue(worker)
    if not queue then
      break
    end
    free = free - takeFromGroup(queue, math.min(share, free))
    turnsLeft = turnsLeft - 1
  end
  if call('EXISTS', key.ring .. worker) == 1 then
    call('ZADD', key.workers, nextNumber('turn'), worker)
  else
    call('ZREM', key.workers, worker)
  end
end

-- As if it had never been claimed: what was paused or held since the claim is not started after all.
local function giveBack(row)
  endLease(row)
  row.token = nil
  clear(row, 'token')
  setVersion(row, row.version + 1)
  call('HINCRBY', key.task .. row.id, 'attempts', -1)
end

-- The tasks of an earlier claim whose answer was lost on the way: they are this server's still. Only one can have any left: a
-- claim that finds some makes no new ones.
local function claimAgain(unanswered)
  for _, id in ipairs(call('LRANGE', key.lastClaim .. boot, 0, -1)) do
    local row = loadTask(id)
    if row and row.till and unanswered[string.match(row.token, '^(.*)%.')] then
      touch(row)
      if row.holds ~= 0 or isHeld(loadLane(row.lane)) then
        giveBack(row)
      else
        claimed[#claimed + 1] = id
        row.till = now + leaseMs
        set(row, 'until', int(row.till))
        call('ZADD', key.leases, int(row.till), id)
      end
    end
  end
end

local function claimNew()
  local workers = call('ZRANGE', key.workers, 0, MAX_WORKERS - 1)
  for _, worker in ipairs(workers) do
    if #claimed >= limit or isCutShort() then
      break
    end
    takeFromWorker(worker)
  end
  flush()
end

local function remember()
  local lastClaim = key.lastClaim .. boot
  if #claimed > 0 then
    call('DEL', lastClaim)
    call('RPUSH', lastClaim, unpack(claimed))
    call('PEXPIRE', lastClaim, leaseMs)
  end
end

-- Of a join of thousands the rest is read by the server, in parts.
local function parentsOf(tasks)
  local parents, told = {}, {}
  for _, task in ipairs(tasks) do
    for _, id in ipairs(parentIdsOf(task[1])) do
      if not told[id] and #parents < MAX_PARENTS then
        told[id] = true
        parents[#parents + 1] = describe(id, true)
      end
    end
  end
  return parents
end

tick()
claimAgain(cjson.decode(ARGV[9]))
if #claimed == 0 then
  claimNew()
  remember()
end
flush()
if #claimed > 0 or setAside > 0 then
  call('HINCRBY', key.counters, 'revision', 1)
end
local tasks = {}
for i, id in ipairs(claimed) do
  tasks[i] = describe(id, true)
end
local parents = parentsOf(tasks)
local nextDue = call('ZRANGE', key.clock, 0, 0, 'WITHSCORES')[2]
if isCutShort() or call('EXISTS', key.wakings) == 1 then
  nextDue = int(now)
end
return {
  tasks,
  parents,
  describedLanes(),
  int(now),
  nextDue or false,
  hasLocks and 1 or 0,
  call('EXISTS', key.workers),
  call('LLEN', key.outbox),
}

-- Leases claimable tasks: workers take turns, within a worker its groups, within a group higher priority first, then
-- earlier runAfter, then earlier created. As far as the gates of all tasks, of the worker and of the workgroup have room.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] at most so many tasks. ARGV[3] lease in ms. ARGV[4] boot. ARGV[5] token;
-- a task gets it with its place in this claim. ARGV[6] slots of a worker. ARGV[7] slots by worker as JSON. ARGV[8] leases that
-- one worker may have at once. ARGV[9] tokens of claims whose answer did not arrive, as keys of a JSON object. ARGV[10] where there
-- are several partitions: what gates grant this claim, as JSON (`claim-turns.lua`).
-- Returns {tasks, their parents' results (the first of many), lanes, the store's time, when the next task is due or false, 1 while a
-- large change set is under way, 1 while something is queued, how much the other partitions have not heard of, ids of the tasks that
-- are probes, 1 when anything is gated, gates and workers that grants are wanted for}.
-- Invariant: a task is leased at most once at a time, and no two tasks of one merge key; no gate lets more start than it has room for.

-- As if it had never been claimed: what was paused or held since the claim is not started after all.
local function giveBack(row)
  endLease(row)
  row.token = nil
  clear(row, 'token')
  setVersion(row, row.version + 1)
  call('HINCRBY', key.task .. row.id, 'attempts', -1)
end

local function isHeld(lane)
  return isGroupHeld(lane) or laneHeldUntil(lane) > 0
end

-- The tasks of an earlier claim whose answer was lost on the way: they are this server's still, and have entered their gates. Only
-- one can have any left: a claim that finds some makes no new ones.
local function claimAgain(unanswered)
  local isClaimed = {}
  for _, id in ipairs(call('LRANGE', key.lastClaim .. boot, 0, -1)) do
    local row = loadWholeTask(id)
    if isClaimed[id] then
      probes[#probes + 1] = id
    elseif row and row.till and unanswered[string.match(row.token, '^(.*)%.')] then
      touch(row)
      if row.holds ~= 0 or isHeld(loadLane(row.lane)) then
        giveBack(row)
      else
        isClaimed[id] = true
        claimed[#claimed + 1] = id
        row.till = now + leaseMs
        set(row, 'until', int(row.till))
      end
    end
  end
  flush()
end

local function claimNew()
  tick()
  takeFromWorkers()
  takeFromLines()
  isMoreDue = isMoreDue or isCutShort() or wakesLeft <= 0
  flush()
  setGateClocks()
end

-- Probes are named once more.
local function remember()
  local lastClaim = key.lastClaim .. boot
  if #claimed > 0 then
    call('DEL', lastClaim)
    call('RPUSH', lastClaim, unpack(claimed))
    if #probes > 0 then
      call('RPUSH', lastClaim, unpack(probes))
    end
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

-- When workers that have something to start, and found their gates shut, may start it.
local function nextOpenAt()
  local at = NEVER
  for _, gate in pairs(gates) do
    if gate.scope == 'worker' and gate.free and gate.free <= 0 and call('ZSCORE', key.workers, gate.name) then
      local _, nextAt = roomOf(gate)
      at = math.min(at, nextAt > now and nextAt or NEVER)
    end
  end
  return at
end

-- What is due already, and was not taken for want of slots, is no news.
local function nextDueAt(hasQueued)
  local at = tonumber(call('ZRANGEBYSCORE', key.clock, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]) or NEVER
  if isMoreDue then
    at = now
  end
  if not hasGates() then
    return at
  end
  local room, openAt = roomOf(loadGate('all', ''))
  if room > 0 or openAt <= now then
    return math.min(at, nextOpenAt())
  end
  -- Shut for all, it lets nothing start before it opens.
  local isWaiting = hasQueued or call('ZCOUNT', key.clock, '-inf', int(now)) > 0
  return math.max(openAt, isWaiting and 0 or at)
end

local function namesIn(set_)
  local names = {}
  for name in pairs(set_) do
    names[#names + 1] = name
  end
  return names
end

local unanswered = cjson.decode(ARGV[9])
if next(unanswered) then
  claimAgain(unanswered)
end
if #claimed == 0 then
  claimNew()
  remember()
end
if #claimed > 0 or setAside > 0 then
  call('HINCRBY', key.counters, 'revision', 1)
end
local tasks = {}
for i, id in ipairs(claimed) do
  tasks[i] = describe(id, true)
end
local parents = parentsOf(tasks)
local hasQueued = call('EXISTS', key.workers) == 1
local nextDue = nextDueAt(hasQueued)
if grants and hasGates() then
  hasQueued = hasQueued or call('ZCOUNT', key.clock, '-inf', int(now)) > 0
end
return {
  tasks,
  parents,
  describedLanes(),
  int(now),
  nextDue ~= NEVER and int(nextDue) or false,
  hasLocks and 1 or 0,
  hasQueued and 1 or 0,
  call('LLEN', key.outbox),
  probes,
  hasGates() and 1 or 0,
  namesIn(wanted),
  namesIn(wantedWorkers),
}

-- The changes of groups and holds, and which function applies which kind of change.
-- So many of the tasks of a group that goes as a whole: edges need no care.
local function eraseTasks(groupId, limit)
  flush()
  local index = key.groupTasks .. groupId
  for _, id in ipairs(call('ZRANGE', index, 0, limit - 1)) do
    local row = loadTask(id)
    if row then
      eraseTask(row)
    end
    call('ZREM', index, id)
  end
  flush()
end

local function deleteGroup(id)
  if not loadGroup(id) then
    return
  end
  eraseTasks(id, 0)
  forgetGroup(id)
  call('DEL', key.group .. id, key.groupTasks .. id, key.failedTasks .. id)
  call('ZREM', key.groups, id)
  call('ZREM', key.finishedGroups, id)
  call('ZREM', key.failedGroups, id)
end

-- What says nothing is kept by absence; what a server of an older version did not say stays.
local function setOrClear(hash, field, text)
  if not text then
    return
  elseif text == '' then
    call('HDEL', hash, field)
  else
    call('HSET', hash, field, text)
  end
end

local function putGroup(group)
  local before = loadGroup(group.id)
  local number = before and before.number or group.place or nextNumber('group')
  local hash = key.group .. group.id
  if not before then
    call('HSET', hash, 'number', int(number), 'createdAt', int(group.createdAt))
    call('ZADD', key.groups, int(number), group.id)
  end
  call('HSET', hash, 'name', group.name, 'metadata', group.metadata, 'keyScope', group.keyScope)
  setOrClear(hash, 'settings', group.settings)
  setOrClear(hash, 'stoppedBy', group.stoppedBy)
  call('HSET', hash, 'isPaused', group.isPaused and '1' or '0', 'epoch', int(group.epoch))
  rememberGroup({ id = group.id, number = number, isPaused = group.isPaused, epoch = group.epoch })
  if before and before.isPaused and not group.isPaused then
    wake(groupCause(number))
  end
end

local function liftHoldOf(row, hold)
  if has(row.holds, hold) then
    setHolds(row, bit.band(row.holds, bit.bnot(hold)))
    setVersion(row, row.version + 1)
  end
end

local function liftHold(groupId, hold)
  for _, id in ipairs(call('ZRANGE', key.groupTasks .. groupId, 0, -1)) do
    local row = loadTask(id)
    if row then
      liftHoldOf(row, hold)
    end
  end
end

local function addAttempt(taskId, attempt)
  if loadTask(taskId) then
    if call('LPUSH', key.attempts .. taskId, attempt) > KEPT_ATTEMPTS then
      call('LTRIM', key.attempts .. taskId, 0, KEPT_ATTEMPTS - 1)
    end
  end
end

-- The history keeps what began; what raises a hold in force takes its place.
local function rememberHold(id, text, isRaised)
  local past = key.pastHolds .. id
  if isRaised then
    call('LPOP', past)
  end
  if call('LPUSH', past, '0 ' .. text) > KEPT_HOLDS then
    call('LTRIM', past, 0, KEPT_HOLDS - 1)
  end
  call('PEXPIRE', past, HOLDS_KEPT_MS)
end

local function rememberRelease(id)
  local past = key.pastHolds .. id
  local newest = call('LINDEX', past, 0)
  if newest then
    call('LSET', past, 0, int(now) .. string.sub(newest, 2))
  end
end

-- A gate that is about to be changed. One that bounded nothing did not count what was leased meanwhile.
local function loadToChange(scope, name)
  local gate = loadGate(scope, name)
  if gate.isCounted and not isBounded(gate) then
    gate.isCounted = false
    setGate(gate, 'counted', false)
  end
  return gate
end

-- Only ever raises (WIRE 4.3). `probeMs`: of a breaker's hold.
local function holdWork(scope, name, till, text, probeMs)
  forgetEndedHolds(scope)
  local gate = loadToChange(scope, name)
  if till <= math.max(now, gate.heldUntil) then
    return
  end
  rememberHold(gate.id, text, gate.heldUntil > now)
  call('HSET', key.holds .. scope, name, text)
  call('ZADD', key.holdEnds .. scope, int(till), name)
  if name ~= '' then
    call('ZADD', key.names .. scope, 0, name)
  end
  gate.heldUntil = till
  setRamp(gate, till, 1, true)
  if probeMs > 0 then
    setProbe(gate, probeMs)
  end
  lookAtGate(gate.id, till)
end

-- `onlyBreaker`: a hold that no breaker made stays.
local function releaseWork(scope, name, onlyBreaker)
  local text = heldUntil(scope, name) > 0 and call('HGET', key.holds .. scope, name)
  local isEnded = text and (not onlyBreaker or cjson.decode(text)[3] == 'breaker')
  local gate = loadGate(scope, name)
  local isProbing = gate.probe > 0
  if isEnded then
    forgetHold(scope, name)
    rememberRelease(gate.id)
    gate.heldUntil = 0
  end
  if isProbing then
    setProbe(gate, 0)
  end
  if gate.heldUntil <= now and (isEnded or isProbing) then
    setRamp(gate, now, 1, true)
    lookAtGate(gate.id, now)
  end
end

-- Its own limits; '': none. What other gates have of a rule is read afresh.
local function limitWork(scope, name, limits)
  local id = scope .. ':' .. name
  local isRule = scope == 'worker' and string.sub(name, -1) == '*'
  loadToChange(scope, name)
  flushGates()
  gates, rules = {}, nil
  if limits ~= '' then
    call('HSET', key.gate .. id, 'limits', limits)
    isGated = true
  else
    call('HDEL', key.gate .. id, 'limits')
  end
  if isRule then
    call(limits ~= '' and 'SADD' or 'SREM', key.rules, name)
  elseif scope ~= 'all' and name ~= '' then
    call('ZADD', key.names .. scope, 0, name)
    forgetName(scope, name)
  end
  noteGate(loadGate(scope, name))
  lookAtGate(id, now)
end

-- `madeAt`: where it is told to several partitions, in any order; an older one changes nothing.
local function paceWork(scope, name, text, madeAt)
  local gate = loadToChange(scope, name)
  if madeAt then
    if tonumber(call('HGET', key.gate .. gate.id, 'pacedAt') or 0) > madeAt then
      return
    end
    setGate(gate, 'pacedAt', int(madeAt))
  end
  gate.pace = cjson.decode(text)
  setGate(gate, 'pace', text)
  lookAtGate(gate.id, now)
end

-- Halved, unless that was done since the attempt started (`narrowed` in gate.ts). `leases`: where those of this partition are not all.
local function narrowWork(scope, name, startedAt, leases)
  flush()
  local gate = loadToChange(scope, name)
  if gate.ramp and gate.ramp[1] >= startedAt then
    return
  end
  local window = windowOf(gate)
  local base = math.max(1, math.floor(math.min(window or NEVER, leases or leasesOf(gate)) / 2))
  setRamp(gate, now, base, window ~= nil and gate.ramp[3] == 1)
end

-- What the other partitions are to hear of; a server tells them (`tell-gate.lua`).
local function tell(kind, scope, name, ...)
  call('RPUSH', key.outbox, cjson.encode({ kind, scope, name, int(now), ... }))
end

local APPLY = {
  insertTask = insertTask,
  patchTask = patchTask,
  releaseChildren = function(change)
    countChildren(change[2], -1)
  end,
  blockChildren = function(change)
    countChildren(change[2], 1)
  end,
  delayChildren = function(change)
    eachChild(change[2], function(child)
      delayChild(child, change[3])
    end)
  end,
  deleteTask = function(change)
    deleteTask(change[2])
  end,
  addAttempt = function(change)
    addAttempt(change[2], change[3])
  end,
  putGroup = function(change)
    putGroup(change[2])
  end,
  deleteGroup = function(change)
    deleteGroup(change[2])
  end,
  liftHold = function(change)
    liftHold(change[2], change[3])
  end,
  holdWork = function(change)
    holdWork(change[2], change[3], change[4], change[5], change[6])
    if change[7] == 'tell' then
      tell('hold', change[2], change[3], int(change[4]), change[5], int(change[6]))
    end
  end,
  releaseWork = function(change)
    releaseWork(change[2], change[3], change[4] == 1)
  end,
  limitWork = function(change)
    limitWork(change[2], change[3], change[4])
  end,
  paceWork = function(change)
    if change[5] == 'tell' then
      tell('pace', change[2], change[3], change[4])
    else
      paceWork(change[2], change[3], change[4])
    end
  end,
  narrowWork = function(change)
    if change[5] == 'tell' then
      local gate = loadGate(change[2], change[3])
      -- By the leases of all partitions, which no script sees: this one is told as well.
      if not gate.ramp or gate.ramp[1] < change[4] then
        tell('narrow', change[2], change[3], int(change[4]))
      end
    else
      narrowWork(change[2], change[3], change[4], tonumber(change[5]))
    end
  end,
}

-- The changes of a change set (server/core/change-set.ts), each as encode.ts writes it: an array that begins with its kind.
-- A payload is its text, or its place among the payloads beside the change when it is long.
local payloads = ARGV

local function payload(value)
  return type(value) == 'number' and payloads[value] or value
end

local function insertTask(change)
  local task = change[2]
  local group = loadGroup(task.group)
  local lane = laneFor(group, task.worker, task.workgroup, task.priority)
  local row = {
    id = task.id,
    lane = lane.id,
    seq = nextNumber('task'),
    holds = 0,
    unfinished = 0,
    isParked = false,
    runAfter = 0,
    mergeKey = task.mergeKey,
    weight = task.weight,
    failures = task.failures,
    createdBy = task.createdBy,
    isNew = true,
    fields = {},
    gone = {},
  }
  rows[row.id] = row
  touched[#touched + 1] = row
  set(row, 'lane', lane.id)
  set(row, 'seq', int(row.seq))
  setHolds(row, task.holds)
  setRunAfter(row, task.runAfter)
  setVersion(row, task.version)
  if task.weight ~= 1000000 then
    set(row, 'weight', int(task.weight))
  end
  setNumber(row, 'failures', task.failures)
  setTexts(row, change[3], change[4])
  setPayload(row, 'input', key.input, payload(task.input))
  setPayload(row, 'output', key.output, payload(task.output))
  local unfinished = 0
  for _, parentId in ipairs(task.parentIds) do
    local parent = loadTask(parentId)
    if parent then
      if not has(parent.holds, COMPLETE) then
        unfinished = unfinished + 1
      end
      call('ZADD', key.children .. parentId, int(row.seq), row.id)
    end
  end
  setUnfinished(row, unfinished)
  call('ZADD', key.groupTasks .. group.id, int(row.seq), row.id)
  if row.createdBy ~= '' then
    call('ZADD', key.createdBy .. row.createdBy, int(row.seq), row.id)
  end
end

local function moveLane(row, patch)
  local lane = loadLane(row.lane)
  local moved = laneFor(
    loadGroup(lane.group),
    patch.worker or lane.worker,
    patch.workgroup or lane.workgroup,
    patch.priority or lane.priority
  )
  row.lane = moved.id
  set(row, 'lane', moved.id)
end

local function moveMergeKey(row, mergeKey)
  if row.till and mergeKey ~= row.mergeKey then
    local before = row.mergeKey
    row.mergeKey = mergeKey
    holdKey(mergeKey)
    freeKey(before)
  end
  row.mergeKey = mergeKey
end

local function moveCreator(row, createdBy)
  if row.createdBy ~= '' then
    call('ZREM', key.createdBy .. row.createdBy, row.id)
  end
  if createdBy ~= '' then
    call('ZADD', key.createdBy .. createdBy, int(row.seq), row.id)
  end
  row.createdBy = createdBy
end

local function patchTask(change)
  local id, patch, lease = change[2], change[3], change[4]
  local row = loadTask(id)
  if not row then
    return
  end
  touch(row)
  setVersion(row, row.version + 1)
  if lease ~= '' then
    endLease(row)
  end
  if lease == 'fence' then
    row.token = nil
    clear(row, 'token')
  end
  if patch.worker or patch.workgroup or patch.priority then
    moveLane(row, patch)
  end
  if patch.mergeKey then
    moveMergeKey(row, patch.mergeKey)
  end
  if patch.createdBy then
    moveCreator(row, patch.createdBy)
  end
  if patch.holds then
    setHolds(row, patch.holds)
  end
  if patch.runAfter then
    setRunAfter(row, patch.runAfter)
  end
  if patch.weight then
    row.weight = patch.weight
    set(row, 'weight', int(patch.weight))
  end
  if patch.failures then
    row.failures = patch.failures
    setNumber(row, 'failures', patch.failures)
  end
  if patch.input then
    setPayload(row, 'input', key.input, payload(patch.input))
  end
  if patch.output then
    local output = payload(patch.output)
    setPayload(row, 'output', key.output, output)
    row.hasLongOutput = #output > LONGEST_TEXT
  end
  setTexts(row, change[5], change[6])
end

local function eachChild(parentId, change)
  if not loadTask(parentId) then
    return
  end
  for _, id in ipairs(call('ZRANGE', key.children .. parentId, 0, -1)) do
    local child = loadTask(id)
    if child then
      change(child)
    end
  end
end

local function countChildren(parentId, step)
  eachChild(parentId, function(child)
    setUnfinished(child, child.unfinished + step)
  end)
end

local function delayChild(child, notBefore)
  if not has(child.holds, COMPLETE) and child.runAfter < notBefore then
    setRunAfter(child, notBefore)
  end
end

-- The list itself is written by the flush: a child that loses a thousand parents is read and written once.
local function dropParent(child, parentId, isUnfinished)
  touch(child)
  child.parentsGone = child.parentsGone or {}
  child.parentsGone[parentId] = true
  setVersion(child, child.version + 1)
  if isUnfinished then
    setUnfinished(child, child.unfinished - 1)
  end
end

-- The first children of a task that goes lose their edge to it.
local function dropFromChildren(parentId, limit)
  local parent = loadTask(parentId)
  if not parent then
    return
  end
  local isUnfinished = not has(parent.holds, COMPLETE)
  for _, id in ipairs(call('ZRANGE', key.children .. parentId, 0, limit - 1)) do
    local child = loadTask(id)
    if child then
      dropParent(child, parentId, isUnfinished)
    end
    call('ZREM', key.children .. parentId, id)
  end
end

-- Takes a task out of everything that names it, apart from its group's index.
local function eraseTask(row)
  endLease(row)
  touch(row)
  flushTasks()
  row.was = standingOf(row)
  writeStanding(row, nil)
  if row.createdBy ~= '' then
    call('ZREM', key.createdBy .. row.createdBy, row.id)
  end
  local id = row.id
  call(
    'DEL', key.task .. id, key.input .. id, key.output .. id, key.texts .. id, key.attempts .. id, key.children .. id
  )
  rows[id] = false
end

local function deleteTask(id)
  local row = loadTask(id)
  if not row then
    return
  end
  flushTasks()
  dropFromChildren(id, 0)
  for _, parentId in ipairs(parentIdsOf(id)) do
    call('ZREM', key.children .. parentId, id)
  end
  call('ZREM', key.groupTasks .. loadLane(row.lane).group, id)
  eraseTask(row)
end

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
  call('DEL', key.group .. id, key.groupTasks .. id, key.failedTasks .. id)
  call('ZREM', key.groups, id)
  call('ZREM', key.finishedGroups, id)
  groups[id] = false
  groupsCounted[id] = nil
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
  call('HSET', hash, 'isPaused', group.isPaused and '1' or '0', 'epoch', int(group.epoch))
  groups[group.id] = { id = group.id, number = number, isPaused = group.isPaused, epoch = group.epoch }
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

-- Only ever raises (WIRE 4.3).
local function holdWork(scope, name, till, reason)
  forgetEndedHolds(scope)
  if tonumber(call('ZSCORE', key.holdEnds .. scope, name) or 0) < till then
    call('HSET', key.holds .. scope, name, int(till) .. ' ' .. reason)
    call('ZADD', key.holdEnds .. scope, int(till), name)
    if scope == 'workgroup' then
      call('ZADD', key.workgroupNames, 0, name)
    end
  end
end

local function releaseWork(scope, name)
  forgetHold(scope, name)
  wake(scope .. ':' .. name)
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
    holdWork(change[2], change[3], change[4], change[5])
    if change[6] == 'tell' then
      call('RPUSH', key.outbox, cjson.encode({ change[2], change[3], int(change[4]), change[5], int(now) }))
    end
  end,
  releaseWork = function(change)
    releaseWork(change[2], change[3])
  end,
}

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

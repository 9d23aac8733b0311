-- The guards of a change set, and whether its inserts are possible: all of it before the first write.
-- Each answers nil, or the refusal as the commit answers it.
local function checkLease(guard)
  local row = loadTask(guard[2])
  if not row or row.token ~= guard[3] then
    return 'leaseLost'
  elseif not row.till then
    return 'duplicate'
  end
  return row.version ~= guard[4] and 'conflict' or nil
end

local function checkVersion(guard)
  local row = loadTask(guard[2])
  return (not row or row.version ~= guard[3]) and 'conflict' or nil
end

local function checkGroup(guard)
  local group = loadGroup(guard[2])
  if (group and group.epoch or -1) ~= guard[3] then
    return 'conflict'
  end
  if guard[4] > 0 then
    flush()
    return not hasEnded(guard[2], guard[4] == 2) and 'conflict' or nil
  end
end

local function checkChildren(guard)
  local isAsGuarded = loadTask(guard[2]) and countChildrenOf(guard[2]) == guard[3]
  return not isAsGuarded and 'conflict' or nil
end

local function checkDuplicates(guard)
  flushTasks()
  return call('ZCARD', key.openByKey .. guard[2]) ~= guard[3] and 'conflict' or nil
end

local CHECK = {
  lease = checkLease,
  version = checkVersion,
  group = checkGroup,
  children = checkChildren,
  duplicates = checkDuplicates,
}

-- What will be there when each change is applied: the store, less and plus the changes before it. `largeId`: they are some of
-- those of a large change set, of which others may have been reserved before.
local function canInsertAll(changes, largeId)
  local tasks, groupsAhead, deadNumbers, reserved = {}, {}, {}, {}
  local function hasTask(id)
    if tasks[id] ~= nil then
      return tasks[id]
    end
    local row = loadTask(id)
    return row ~= nil and not deadNumbers[loadLane(row.lane).number]
  end
  -- One parent may be that of many: it is asked for once.
  local function isReserved(id)
    if reserved[id] == nil then
      reserved[id] = largeId ~= nil and reservedBy(id) == largeId
    end
    return reserved[id]
  end
  local function hasGroup(id)
    if groupsAhead[id] ~= nil then
      return groupsAhead[id]
    end
    return loadGroup(id) ~= nil
  end
  for _, change in ipairs(changes) do
    local kind = change[1]
    if kind == 'putGroup' then
      groupsAhead[change[2].id] = true
    elseif kind == 'deleteTask' then
      tasks[change[2]] = false
    elseif kind == 'deleteGroup' then
      local group = loadGroup(change[2])
      if group then
        deadNumbers[group.number] = true
      end
      groupsAhead[change[2]] = false
    elseif kind == 'insertTask' then
      local task = change[2]
      if hasTask(task.id) or reservedBy(task.id) or not hasGroup(task.group) then
        return false
      end
      for _, parentId in ipairs(task.parentIds) do
        if not isReserved(parentId) and not hasTask(parentId) then
          return false
        end
      end
      tasks[task.id] = true
    end
  end
  return true
end

local IS_OF_GATE = { holdWork = true, releaseWork = true, limitWork = true, paceWork = true, narrowWork = true }

-- The group that a guard or a change is about; nil when none is, or none is left.
local function groupOf(kind, subject)
  if kind == 'insertTask' then
    return subject.group
  elseif kind == 'putGroup' then
    return subject.id
  elseif kind == 'group' or kind == 'deleteGroup' or kind == 'liftHold' then
    return subject
  elseif kind == 'duplicates' or IS_OF_GATE[kind] then
    return nil
  end
  local row = loadTask(subject)
  return row and loadLane(row.lane).group
end

-- The large change set that a set has to wait for, if any.
local function lockOnTheWay(set)
  if not hasLocks then
    return nil
  end
  for part = 1, 2 do
    for _, one in ipairs(set[part]) do
      local groupId = groupOf(one[1], one[2])
      local lock = groupId and lockOf(groupId)
      if lock then
        return lock
      end
    end
  end
end

local function refusalOf(set)
  for _, guard in ipairs(set[1]) do
    local refusal = CHECK[guard[1]](guard)
    if refusal then
      return refusal
    end
  end
  return not canInsertAll(set[2]) and 'conflict' or nil
end

-- The changes of a change set (server/core/change-set.ts), each as encode.ts writes it: an array that begins with its kind.
-- A payload is its text, or its place among the payloads beside the change when it is long.
local payloads = ARGV

local function payload(value)
  return type(value) == 'number' and payloads[value] or value
end

-- How many children a task has: asked for when its change is weighed, and again when it is applied.
local childCounts = {}

local function countChildrenOf(id)
  local count_ = childCounts[id] or call('ZCARD', key.children .. id)
  childCounts[id] = count_
  return count_
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
  setErrorKind(row, task.errorKind)
  setTexts(row, change[3], change[4])
  setPayload(row, 'input', key.input, payload(task.input))
  setPayload(row, 'output', key.output, payload(task.output))
  local unfinished = 0
  for _, parentId in ipairs(task.parentIds) do
    local parent = loadTask(parentId)
    if parent then
      if not has(parent.holds, FINISHED) then
        unfinished = unfinished + 1
      end
      call('ZADD', key.children .. parentId, int(row.seq), row.id)
      childCounts[parentId] = nil
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
  if patch.errorKind then
    setErrorKind(row, patch.errorKind)
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
  if not loadTask(parentId) or countChildrenOf(parentId) == 0 then
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
  if not has(child.holds, FINISHED) and child.runAfter < notBefore then
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
  local isUnfinished = not has(parent.holds, FINISHED)
  for _, id in ipairs(call('ZRANGE', key.children .. parentId, 0, limit - 1)) do
    local child = loadTask(id)
    if child then
      dropParent(child, parentId, isUnfinished)
    end
    call('ZREM', key.children .. parentId, id)
    childCounts[parentId] = nil
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
  rows[id], childCounts[id] = false, nil
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
    childCounts[parentId] = nil
  end
  call('ZREM', key.groupTasks .. loadLane(row.lane).group, id)
  eraseTask(row)
end

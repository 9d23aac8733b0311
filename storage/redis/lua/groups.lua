-- Groups as scripts see them, and their books. A group is known by its id and its number: a lane of an older group of
-- the same id carries another number, and is dead.
local BUCKETS = { 'succeeded', 'running', 'failed', 'paused', 'blocked', 'waiting' }
local groups, groupsCounted = {}, {}
-- Those whose books changed, or whether they are paused: which lists they are in is worked out once a script.
local groupsChanged = {}

local function loadGroup(id)
  local known = groups[id]
  if known ~= nil then
    return known or nil
  end
  local found = call('HMGET', key.group .. id, 'number', 'isPaused', 'epoch')
  groups[id] = found[1]
      and { id = id, number = tonumber(found[1]), isPaused = found[2] == '1', epoch = tonumber(found[3]) }
    or false
  return groups[id] or nil
end

-- Gathers what changed in the books of a group; written once a script by `flushGroups`.
local function countInGroup(id, counter, delta)
  local deltas = groupsCounted[id]
  if not deltas then
    deltas = {}
    groupsCounted[id] = deltas
  end
  deltas[counter] = (deltas[counter] or 0) + delta
end

-- Whether none of its tasks is left to run; `counted` as BUCKETS.
local function hasNoneOpen(counted)
  for i = 2, #BUCKETS do
    if i ~= 3 and counted[i] then
      return false
    end
  end
  return true
end

-- Whether all of at least one task are complete, or with `mayFail` at least none is left to run. By the books: an older server on the
-- same store does not know `failedAt`, and leaves it where work was added.
local function hasEnded(id, mayFail)
  local counted = call('HMGET', key.group .. id, unpack(BUCKETS))
  return hasNoneOpen(counted) and (counted[1] or counted[3]) and (mayFail or not counted[3])
end

local function list(name, isIn, number, id)
  if isIn then
    call('ZADD', name, number, id)
  else
    call('ZREM', name, id)
  end
end

-- A field of its hash; nil takes it away. `changes`: what a flush writes to it.
local function put(changes, field, text)
  if text then
    changes.values[#changes.values + 1] = field
    changes.values[#changes.values + 1] = text
  else
    changes.gone[#changes.gone + 1] = field
  end
end

-- When something began, in its hash and in an index, while it is so. `since`: as the hash has it.
local function noteTime(id, changes, field, index, since, isSo)
  if isSo and not since then
    put(changes, field, int(now))
    call('ZADD', index, int(now), id)
  elseif since and not isSo then
    put(changes, field, nil)
    call('ZREM', index, id)
  end
end

-- `finishedAt` stands while all of at least one task are complete, `failedAt` while some failed for good and none is left to run.
local function noteEnded(id, changes, counted, finishedAt, failedAt)
  local isOver = hasNoneOpen(counted)
  noteTime(id, changes, 'finishedAt', key.finishedGroups, finishedAt, isOver and counted[1] and not counted[3])
  noteTime(id, changes, 'failedAt', key.failedGroups, failedAt, isOver and counted[3])
end

-- The lists of groups by state, and of those that hold failed tasks. `listed` in the hash says where the group stands in them: the
-- letter of its state, and a ! behind it when some failed.
local function noteListed(id, changes, counted, number, isPaused, was, stoppedBy)
  local shape = (isPaused == '1' and 2 ^ #BUCKETS or 0) + (stoppedBy and 2 ^ (#BUCKETS + 1) or 0)
  for i = 1, #BUCKETS do
    shape = shape + (counted[i] and 2 ^ (i - 1) or 0)
  end
  local is = string.sub(LETTERS_BY_SHAPE, shape + 1, shape + 1) .. (counted[3] and '!' or '')
  if is == was then
    return
  end
  local before, after = was and string.sub(was, 1, 1), string.sub(is, 1, 1)
  if before ~= after then
    if before then
      list(key.groupsByState .. before, false, number, id)
    end
    list(key.groupsByState .. after, true, number, id)
  end
  if #is ~= #(was or after) then
    list(key.failingGroups, #is == 2, number, id)
  end
  put(changes, 'listed', is)
end

local function rememberGroup(group)
  groups[group.id] = group
  groupsChanged[group.id] = true
end

-- It is in no list by its state any more, and its keys are about to go.
local function forgetGroup(id)
  local was = call('HGET', key.group .. id, 'listed')
  if was then
    list(key.groupsByState .. string.sub(was, 1, 1), false, 0, id)
    list(key.failingGroups, false, 0, id)
  end
  groups[id], groupsCounted[id], groupsChanged[id] = false, nil, nil
end

-- Which buckets are not empty, with what was counted.
local function countBuckets(changes, found, deltas)
  local counted = {}
  for i, bucket in ipairs(BUCKETS) do
    local delta = deltas[bucket] or 0
    local number = (found[i] or 0) + delta
    counted[i] = number ~= 0
    if delta ~= 0 then
      put(changes, bucket, number ~= 0 and int(number) or nil)
    end
  end
  return counted
end

-- Its books are read and written once. Weights are added up by Redis: their sums may be beyond what Lua's numbers hold exactly.
local function flushGroup(id, deltas)
  local hash = key.group .. id
  local found = call(
    'HMGET', hash, 'number', 'isPaused', 'listed', 'stoppedBy', 'finishedAt', 'failedAt', unpack(BUCKETS)
  )
  local number, isPaused, listed, stoppedBy, finishedAt, failedAt = unpack(found, 1, 6)
  if not number then
    return
  end
  local changes = { values = {}, gone = {} }
  local counted = countBuckets(changes, { unpack(found, 7, 6 + #BUCKETS) }, deltas)
  noteEnded(id, changes, counted, finishedAt, failedAt)
  noteListed(id, changes, counted, number, isPaused, listed, stoppedBy)
  if #changes.values > 0 then
    call('HSET', hash, unpack(changes.values))
  end
  if #changes.gone > 0 then
    call('HDEL', hash, unpack(changes.gone))
  end
  count(hash, 'weightTotal', deltas.weightTotal or 0)
  count(hash, 'weightDone', deltas.weightDone or 0)
end

local function flushGroups()
  for id, deltas in pairs(groupsCounted) do
    for _, delta in pairs(deltas) do
      groupsChanged[id] = groupsChanged[id] or delta ~= 0 or nil
    end
  end
  for id in pairs(groupsChanged) do
    flushGroup(id, groupsCounted[id] or {})
  end
  groupsCounted, groupsChanged = {}, {}
end

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

local function noteTime(id, field, index, isSo)
  local hash = key.group .. id
  if isSo then
    if call('HSETNX', hash, field, int(now)) == 1 then
      call('ZADD', index, int(now), id)
    end
  elseif call('HDEL', hash, field) == 1 then
    call('ZREM', index, id)
  end
end

-- `finishedAt` stands while all of at least one task are complete, `failedAt` while some failed for good and none is left to run.
local function noteEnded(id, counted)
  local isOver = hasNoneOpen(counted)
  noteTime(id, 'finishedAt', key.finishedGroups, isOver and counted[1] and not counted[3])
  noteTime(id, 'failedAt', key.failedGroups, isOver and counted[3])
end

local function list(name, isIn, number, id)
  if isIn then
    call('ZADD', name, number, id)
  else
    call('ZREM', name, id)
  end
end

-- The lists of groups by state, and of those that hold failed tasks. `listed` in the hash says where the group stands in them: the
-- letter of its state, and a ! behind it when some failed.
local function noteListed(id, counted, found)
  local number, isPaused, was, stoppedBy = unpack(found, 1, 4)
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
  call('HSET', key.group .. id, 'listed', is)
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

local function flushGroups()
  for id, deltas in pairs(groupsCounted) do
    for counter, delta in pairs(deltas) do
      if delta ~= 0 then
        groupsChanged[id] = true
        count(key.group .. id, counter, delta)
      end
    end
  end
  for id in pairs(groupsChanged) do
    local found = call('HMGET', key.group .. id, 'number', 'isPaused', 'listed', 'stoppedBy', unpack(BUCKETS))
    if found[1] then
      local counted = { unpack(found, 5, 4 + #BUCKETS) }
      noteEnded(id, counted)
      noteListed(id, counted, found)
    end
  end
  groupsCounted, groupsChanged = {}, {}
end

-- Groups as scripts see them, and their books. A group is known by its id and its number: a lane of an older group of
-- the same id carries another number, and is dead.
local BUCKETS = { 'succeeded', 'running', 'failed', 'paused', 'blocked', 'waiting' }
local groups, groupsCounted = {}, {}

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

-- `finishedAt` stands while all of at least one task are complete.
local function noteFinished(id)
  local hash = key.group .. id
  local counted = call('HMGET', hash, unpack(BUCKETS))
  local open = 0
  for i = 2, #BUCKETS do
    open = open + (counted[i] or 0)
  end
  if open == 0 and counted[1] then
    if call('HSETNX', hash, 'finishedAt', int(now)) == 1 then
      call('ZADD', key.finishedGroups, int(now), id)
    end
  elseif call('HDEL', hash, 'finishedAt') == 1 then
    call('ZREM', key.finishedGroups, id)
  end
end

local function flushGroups()
  for id, deltas in pairs(groupsCounted) do
    local isChanged = false
    for counter, delta in pairs(deltas) do
      if delta ~= 0 then
        isChanged = true
        count(key.group .. id, counter, delta)
      end
    end
    if isChanged then
      noteFinished(id)
    end
  end
  groupsCounted = {}
end

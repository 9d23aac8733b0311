-- Large change sets are applied in several scripts (see README.md). Meanwhile their groups are locked: nothing else is
-- committed to them and nothing of them is claimed, so nobody acts on a state that is half written.
local hasLocks = call('EXISTS', key.locks) == 1

-- The large change set that has locked a group, if any.
local function lockOf(groupId)
  return hasLocks and call('HGET', key.locks, groupId) or nil
end

-- The large change set that will insert the task, if any.
local function reservedBy(taskId)
  return hasLocks and call('HGET', key.reservedIds, taskId) or nil
end

local function unlock(largeId)
  for _, groupId in ipairs(call('SMEMBERS', key.largeGroups .. largeId)) do
    call('HDEL', key.locks, groupId)
    local group = loadGroup(groupId)
    if group then
      wake(groupCause(group.number))
    end
  end
  local reserved = call('SMEMBERS', key.largeIds .. largeId)
  for i = 1, #reserved, 1000 do
    call('HDEL', key.reservedIds, unpack(reserved, i, math.min(i + 999, #reserved)))
  end
  call('DEL', key.largeGroups .. largeId, key.largeIds .. largeId, key.largeChanges .. largeId, key.largeState .. largeId)
  call('ZREM', key.large, largeId)
end

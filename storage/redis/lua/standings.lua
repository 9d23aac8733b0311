-- What follows from a task: its places in indexes, its part in the books. All of it is worked out from what the task was before it
-- was touched and what it is now.
-- A list of ids as JSON; cjson would write an empty one as an object.
local function idsAsJson(ids)
  return #ids == 0 and '' or cjson.encode(ids)
end

local function writeParents(row)
  local left = {}
  for _, id in ipairs(parentIdsOf(row.id)) do
    if not row.parentsGone[id] then
      left[#left + 1] = id
    end
  end
  row.parentsGone = nil
  local text = idsAsJson(left)
  if #text <= LONGEST_TEXT then
    setTexts(row, { 'parentIds', text }, {})
  else
    setTexts(row, {}, { 'parentIds', text })
  end
end

-- Of one command: of names and values in turns, so an even number; what `unpack` can hand over is a few thousand.
local MAX_ARGUMENTS = 1000

local function gather(changes, index)
  local members = changes[index]
  if not members then
    members = {}
    changes[index] = members
  end
  return members
end

local function addTo(index, score, member_)
  local members = gather(additions, index)
  members[#members + 1] = int(score)
  members[#members + 1] = member_
end

local function removeFrom(index, member_)
  local members = gather(removals, index)
  members[#members + 1] = member_
end

local function writeAll(command, changes)
  for index, members in pairs(changes) do
    for i = 1, #members, MAX_ARGUMENTS do
      call(command, index, unpack(members, i, math.min(i + MAX_ARGUMENTS - 1, #members)))
    end
  end
end

-- Removals first: a task may go, and another come with its id.
local function writeGathered()
  writeAll('ZREM', removals)
  writeAll('ZADD', additions)
  removals, additions = {}, {}
end

-- `trying` may hold what an older server on the same store has changed since: who reads it looks at the task, and what is of the past
-- goes, a few with each that comes.
local function writeRetrying(row, was, is)
  local wasThere, isThere = was and was.isRetrying, is and is.isRetrying
  local isElsewhere = wasThere and isThere and was.lane ~= is.lane
  if wasThere and (not isThere or isElsewhere) then
    removeFrom(key.retrying .. was.lane, member(row))
  end
  if wasThere and not isThere then
    removeFrom(key.trying, member(row))
  end
  if isThere and (not wasThere or isElsewhere or was.runAfter ~= is.runAfter) then
    addTo(key.retrying .. is.lane, is.runAfter, member(row))
    for _, past in ipairs(call('ZRANGEBYSCORE', key.trying, '-inf', '(' .. int(now), 'LIMIT', 0, 2)) do
      call('ZREM', key.trying, past)
    end
    addTo(key.trying, is.runAfter, member(row))
  end
end

local function writeIndexes(row, was, is)
  local wasIndex, isIndex = was and was.index, is and is.index
  local isElsewhere = was and is and was.lane ~= is.lane
  if wasIndex and (wasIndex ~= isIndex or isElsewhere) then
    removeFrom(wasIndex .. was.lane, member(row))
  end
  if isIndex and (wasIndex ~= isIndex or isElsewhere or was.runAfter ~= is.runAfter) then
    addTo(isIndex .. is.lane, is.runAfter, member(row))
  end
  local wasTill, isTill = was and was.till, is and is.till
  if isTill and isTill ~= wasTill then
    addTo(key.leases, isTill, row.id)
  elseif wasTill and not isTill then
    removeFrom(key.leases, row.id)
  end
  writeRetrying(row, was, is)
end

local function writeMergeKey(row, was, is)
  local before = was and not was.isComplete and was.mergeKey or ''
  local after = is and not is.isComplete and is.mergeKey or ''
  if before == after then
    return
  end
  if before ~= '' then
    removeFrom(key.openByKey .. before, row.id)
  end
  if after ~= '' then
    addTo(key.openByKey .. after, row.seq, row.id)
  end
end

local function countStanding(groupId, standing, sign)
  countInGroup(groupId, standing.bucket, sign)
  countInGroup(groupId, 'weightTotal', sign * standing.weight)
  if standing.isComplete then
    countInGroup(groupId, 'weightDone', sign * standing.weight)
  end
end

local function writeBooks(row, groupId, was, is)
  if not (was and is and was.bucket == is.bucket and was.weight == is.weight) then
    if was then
      countStanding(groupId, was, -1)
    end
    if is then
      countStanding(groupId, is, 1)
    end
    local wasFailed, isFailed = was and was.bucket == 'failed', is and is.bucket == 'failed'
    if isFailed and not wasFailed then
      addTo(key.failedTasks .. groupId, row.seq, row.id)
    elseif wasFailed and not isFailed then
      removeFrom(key.failedTasks .. groupId, row.id)
    end
  end
  if was and (not is or was.lane ~= is.lane) then
    countInLane(was.lane, 'tasks', -1)
  end
  if is and (not was or was.lane ~= is.lane) then
    countInLane(is.lane, 'tasks', 1)
  end
  if was and was.isComplete and not (is and is.isComplete and was.lane == is.lane) then
    countInLane(was.lane, 'complete', -1)
  end
  if is and is.isComplete and not (was and was.isComplete and was.lane == is.lane) then
    countInLane(is.lane, 'complete', 1)
  end
  if was and was.till and not (is and is.till and was.lane == is.lane) then
    countInLane(was.lane, 'running', -1)
  end
  if is and is.till and not (was and was.till and was.lane == is.lane) then
    countInLane(is.lane, 'running', 1)
  end
end

local function writeHash(row)
  local values, names = {}, {}
  for field, value in pairs(row.fields) do
    values[#values + 1] = field
    values[#values + 1] = value
  end
  if not row.isNew then
    for field in pairs(row.gone) do
      names[#names + 1] = field
    end
  end
  if #values > 0 then
    call('HSET', key.task .. row.id, unpack(values))
  end
  if #names > 0 then
    call('HDEL', key.task .. row.id, unpack(names))
  end
  if row.hash then
    for field, value in pairs(row.fields) do
      row.hash[field] = value
    end
    for field in pairs(row.gone) do
      row.hash[field] = nil
    end
  end
  row.fields, row.gone = {}, {}
end

-- Writes what a row's standing was and is into everything that follows from it. `is` is nil for a task that goes.
local function writeStanding(row, is)
  local lane = loadLane(row.lane)
  writeIndexes(row, row.was, is)
  writeMergeKey(row, row.was, is)
  writeBooks(row, lane.group, row.was, is)
  row.was = nil
end

local function flushTasks()
  local changed = touched
  touched = {}
  for _, row in ipairs(changed) do
    local is = standingOf(row)
    if row.parentsGone then
      writeParents(row)
    end
    writeHash(row)
    writeStanding(row, is)
    row.isNew = nil
    if is.index == key.ready then
      offer(loadLane(row.lane), row.runAfter, row.seq)
    end
  end
  writeGathered()
end

local function flush()
  flushTasks()
  flushGroups()
  flushLanes()
  flushGates()
  flushCounters()
end

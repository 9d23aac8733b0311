-- Tasks as scripts see them. What a script changes in a task is gathered in its row and written once by `flushTasks`,
-- together with the counters and indexes that follow from it, so that these can never disagree with the task.
-- Invariant after a flush: a task is in the ready set of its lane exactly while it is armed (holds 0), has no unfinished
-- parents, holds no lease and is not parked; in the parked set while only a running task with its merge key keeps it.
local ROW_FIELDS = {
  'lane', 'seq', 'holds', 'unfinished', 'parked', 'runAfter', 'version', 'until', 'token', 'mergeKey', 'weight', 'failures',
  'createdBy', 'output',
}
local rows, touched = {}, {}
-- What flushes write to sorted sets, gathered by key: many members of few sets.
local removals, additions = {}, {}

local function member(row)
  row.member = row.member or string.format('%011.0f', row.seq) .. row.id
  return row.member
end

-- A text of the task's hash, wherever it lives.
local function textOf(id, name, found)
  if found == ELSEWHERE then
    return call('HGET', key.texts .. id, name)
  end
  return found or nil
end

local function parentIdsOf(id)
  local row = rows[id]
  local found = row and row.hash and (row.hash.parentIds or false)
  if found == nil then
    found = call('HGET', key.task .. id, 'parentIds')
  end
  local text = textOf(id, 'parentIds', found)
  return text and cjson.decode(text) or {}
end

-- Of its ROW_FIELDS.
local function rememberRow(
  id, lane, seq, holds, unfinished, parked, runAfter, version, till, token, mergeKey, weight, failures, createdBy, output
)
  if not lane or not livingLane(lane) then
    rows[id] = false
    return nil
  end
  local row = {
    id = id,
    lane = lane,
    seq = tonumber(seq),
    holds = tonumber(holds) or 0,
    unfinished = tonumber(unfinished) or 0,
    isParked = parked == '1',
    runAfter = tonumber(runAfter) or 0,
    version = tonumber(version),
    till = tonumber(till) or nil,
    token = token or nil,
    mergeKey = textOf(id, 'mergeKey', mergeKey) or '',
    weight = tonumber(weight) or 1000000,
    failures = tonumber(failures) or 0,
    createdBy = textOf(id, 'createdBy', createdBy) or '',
    hasLongOutput = output == ELSEWHERE,
    fields = {},
    gone = {},
  }
  rows[id] = row
  return row
end

local function loadTask(id)
  local known = rows[id]
  if known ~= nil then
    return known or nil
  end
  return rememberRow(id, unpack(call('HMGET', key.task .. id, unpack(ROW_FIELDS))))
end

-- All that is stored of a task, by field.
local function hashOf(id)
  local hash, stored = {}, call('HGETALL', key.task .. id)
  for i = 1, #stored, 2 do
    hash[stored[i]] = stored[i + 1]
  end
  return hash
end

-- With its `hash`, for who will tell the whole task.
local function loadWholeTask(id)
  local hash, row = hashOf(id), rows[id]
  if row == nil then
    row = rememberRow(
      id, hash.lane, hash.seq, hash.holds, hash.unfinished, hash.parked, hash.runAfter, hash.version, hash['until'], hash.token,
      hash.mergeKey, hash.weight, hash.failures, hash.createdBy, hash.output
    )
  end
  if row then
    row.hash = hash
  end
  return row or nil
end

local function bucketOf(row)
  if has(row.holds, COMPLETE) then
    return 'succeeded'
  elseif row.till then
    return 'running'
  elseif has(row.holds, EXHAUSTED) then
    return 'failed'
  elseif has(row.holds, PAUSED) then
    return 'paused'
  end
  return row.unfinished > 0 and 'blocked' or 'waiting'
end

-- Which index of its lane a task belongs to.
local function indexOf(row)
  if row.holds ~= 0 or row.unfinished ~= 0 or row.till then
    return nil
  end
  return row.isParked and key.parked or key.ready
end

-- Where a task stands in counters and indexes: what a flush compares.
local function standingOf(row)
  local index = indexOf(row)
  return {
    bucket = bucketOf(row),
    index = index,
    lane = row.lane,
    runAfter = row.runAfter,
    weight = row.weight,
    isComplete = has(row.holds, COMPLETE),
    till = row.till,
    isRetrying = row.failures > 0 and index ~= nil,
    mergeKey = row.mergeKey,
  }
end

-- Before a row is changed. Whatever changes, a parked task is looked at afresh: the next claim parks it again if it must.
local function touch(row)
  if not row.was and not row.isNew then
    row.was = standingOf(row)
    touched[#touched + 1] = row
  end
  if row.isParked then
    row.isParked = false
    row.gone.parked = true
    call('SREM', key.parkedByKey .. row.mergeKey, row.id)
  end
end

local function set(row, field, value)
  row.fields[field] = value
  row.gone[field] = nil
end

local function clear(row, field)
  row.fields[field] = nil
  row.gone[field] = true
end

-- Zero and '' are kept by absence.
local function setNumber(row, field, number)
  if number == 0 then
    clear(row, field)
  else
    set(row, field, int(number))
  end
end

local function setHolds(row, holds)
  touch(row)
  row.holds = holds
  setNumber(row, 'holds', holds)
end

local function setUnfinished(row, unfinished)
  touch(row)
  row.unfinished = unfinished
  setNumber(row, 'unfinished', unfinished)
end

local function setRunAfter(row, runAfter)
  touch(row)
  row.runAfter = runAfter
  setNumber(row, 'runAfter', runAfter)
end

-- The kind of its newest error, and how many failures there were then: an older server on the same store writes errors without it.
local function setErrorKind(row, kind)
  if kind == '' then
    clear(row, 'errorKind')
  else
    set(row, 'errorKind', kind .. ' ' .. int(row.failures))
  end
end

local function setVersion(row, version)
  touch(row)
  row.version = version
  set(row, 'version', int(version))
end

local function isKeyLeased(mergeKey)
  return mergeKey ~= '' and call('EXISTS', key.leasesByKey .. mergeKey) == 1
end

local function holdKey(mergeKey)
  if mergeKey ~= '' then
    call('INCR', key.leasesByKey .. mergeKey)
  end
end

-- A lease on the key ended: whoever was parked for it goes on when it was the last.
local function freeKey(mergeKey)
  if mergeKey == '' or call('DECR', key.leasesByKey .. mergeKey) > 0 then
    return
  end
  call('DEL', key.leasesByKey .. mergeKey)
  for _, id in ipairs(call('SMEMBERS', key.parkedByKey .. mergeKey)) do
    local row = loadTask(id)
    if row and row.isParked then
      touch(row)
    end
  end
  call('DEL', key.parkedByKey .. mergeKey)
end

local function endLease(row)
  if row.till then
    touch(row)
    row.till = nil
    clear(row, 'until')
    clear(row, 'boot')
    clear(row, 'startedAt')
    freeKey(row.mergeKey)
  end
end

-- A payload lives in the task's hash while it is short, else in a key of its own; null by absence.
local function setPayload(row, field, store, json)
  if json ~= 'null' and #json <= LONGEST_TEXT then
    set(row, field, json)
  elseif json == 'null' then
    clear(row, field)
  else
    set(row, field, ELSEWHERE)
    call('SET', store .. row.id, json)
    return
  end
  if not row.isNew and (field ~= 'output' or row.hasLongOutput) then
    call('DEL', store .. row.id)
  end
end

-- Texts of a task: short ones in its hash, long ones beside it. Both are flat lists of name and text.
local function setTexts(row, short, long)
  for i = 1, #short, 2 do
    if short[i + 1] == '' then
      clear(row, short[i])
    else
      set(row, short[i], short[i + 1])
    end
    if not row.isNew and IS_TEXT[short[i]] then
      call('HDEL', key.texts .. row.id, short[i])
    end
  end
  for i = 1, #long, 2 do
    set(row, long[i], ELSEWHERE)
    call('HSET', key.texts .. row.id, long[i], long[i + 1])
  end
end

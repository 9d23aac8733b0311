-- A task that fails now as partition-failing.ts reads it: {id, group, worker, the number of its group, its own, its runAfter, the kind of
-- its error}. The kind is '' when it has no error, and false when an older server wrote the error: then it has to be read.
local FAILING_FIELDS =
  { 'lane', 'seq', 'holds', 'unfinished', 'until', 'runAfter', 'failures', 'errorKind', 'errors' }

-- Not the whole row as `loadTask` reads it: that takes twice as long.
local function loadFailing(id)
  local found = call('HMGET', key.task .. id, unpack(FAILING_FIELDS))
  return found[1]
    and {
      id = id,
      lane = found[1],
      seq = found[2],
      holds = tonumber(found[3]) or 0,
      isBlocked = found[4],
      isLeased = found[5],
      runAfter = found[6] or '0',
      failures = tonumber(found[7]) or 0,
      errorKind = found[8],
      hasErrors = found[9],
    }
end

local function kindOf(row)
  if not row.hasErrors then
    return ''
  end
  local kind, failures = string.match(row.errorKind or '', '^(%x+) (%d+)$')
  return kind and tonumber(failures) == row.failures and kind or false
end

local function tellFailing(row)
  local lane = loadLane(row.lane)
  return { row.id, lane.group, lane.worker, int(lane.number), row.seq, row.runAfter, kindOf(row) }
end

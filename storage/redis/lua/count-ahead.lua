-- How many claimable tasks come before a task in some lanes of its group.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] task. ARGV[3] where the last part ended, '0' at first.
-- Returns {where this part ends, '0' at the end; {lane, how many} of each}; nothing when it is not claimable itself. A lane may be
-- told twice.
local row = loadTask(ARGV[2])
local lane = row and loadLane(row.lane)
local isInTurn = row and (indexOf(row) == key.ready or indexOf(row) == key.parked) and row.runAfter <= now
if not isInTurn or loadGroup(lane.group).isPaused or isKeyLeased(row.mergeKey) then
  return { '0', {} }
end

-- Those of a time are in the order of their members: found by halves.
local function placeIn(ready)
  local first, last = call('ZCOUNT', ready, '-inf', '(' .. int(row.runAfter)), call('ZCOUNT', ready, '-inf', int(row.runAfter))
  while first < last do
    local middle = math.floor((first + last) / 2)
    if call('ZRANGE', ready, middle, middle)[1] < member(row) then
      first = middle + 1
    else
      last = middle
    end
  end
  return first
end

-- Duplicates of running tasks that no claim has met yet are counted out, as far as a script may look.
local looksLeft = MAX_LANES

local function claimableAmong(ready, count)
  local looks = math.min(count, looksLeft)
  looksLeft = looksLeft - looks
  for _, found in ipairs(looks > 0 and call('ZRANGE', ready, 0, looks - 1) or {}) do
    local other = loadTask(string.sub(found, 12))
    if other and isKeyLeased(other.mergeKey) then
      count = count - 1
    end
  end
  return count
end

-- Each takes twice as long as a count of what waits in it.
local scanned = call('HSCAN', key.groupLanes .. lane.group, ARGV[3], 'COUNT', MAX_LANES / 2)
local told = {}
for i = 2, #scanned[2], 2 do
  local other = loadLane(scanned[2][i])
  if other and other.worker == lane.worker and other.priority >= lane.priority then
    local ready = key.ready .. other.id
    local count = other.priority > lane.priority and call('ZCOUNT', ready, '-inf', int(now)) or placeIn(ready)
    told[#told + 1] = { other.id, claimableAmong(ready, count) }
  end
end
return { scanned[1], told }

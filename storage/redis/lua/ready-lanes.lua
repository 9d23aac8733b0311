-- The time of the first task of a sorted set that is due and has a time of its own; nil when there is none.
local function oldestIn(name)
  return tonumber(call('ZRANGEBYSCORE', name, '(0', int(now), 'LIMIT', 0, 1, 'WITHSCORES')[2])
end

-- The earlier of two times, either of which may be nil.
local function earlier(a, b)
  return a and b and math.min(a, b) or a or b
end

-- How many tasks of a lane could start now, but for gates and running tasks with their merge keys, and since when the first of them.
local function readyInLane(id)
  local lane = livingLane(id)
  if not lane or loadGroup(lane.group).isPaused then
    return 0, nil
  end
  local ready, parked = call('ZCOUNT', key.ready .. id, '-inf', int(now)), call('ZCARD', key.parked .. id)
  local oldest = ready > 0 and oldestIn(key.ready .. id) or nil
  return ready + parked, parked > 0 and earlier(oldest, oldestIn(key.parked .. id)) or oldest
end

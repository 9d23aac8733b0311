-- Workgroups or workers that tasks, holds or limits name, by name.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] first place. ARGV[4] last place. ARGV[5] '1': only ARGV[6], if it
-- exists.
-- Returns {how many there are, of each {name, hold or empty, running, tasks, complete, waiting, since when the first of those or ''}}.
-- `waiting` is false of one that has more lanes than this script may still look at: count-ready.lua counts those in parts.
local scope = ARGV[2]
local names, lanes = key.names .. scope, key.namedLanes .. scope .. ':'
local lanesLeft = MAX_LANES

local function readyIn(name)
  lanesLeft = lanesLeft - call('ZCARD', lanes .. name)
  if lanesLeft < 0 then
    return false, nil
  end
  local ready, oldest = 0, nil
  for _, id in ipairs(call('ZRANGE', lanes .. name, 0, -1)) do
    local inLane, since = readyInLane(id)
    ready, oldest = ready + inLane, earlier(oldest, since)
  end
  return ready, oldest
end

local found
if ARGV[5] == '1' then
  found = call('ZSCORE', names, ARGV[6]) and { ARGV[6] } or {}
else
  found = call('ZRANGE', names, ARGV[3], ARGV[4])
end
local described = {}
for i, name in ipairs(found) do
  local hold = call('HGET', key.holds .. scope, name) or ''
  local tasks = call('ZSCORE', key.namedTasks .. scope, name) or '0'
  local complete = call('HGET', key.namedComplete .. scope, name) or '0'
  local waiting, oldest = readyIn(name)
  local running = call('HGET', key.namedLeases .. scope, name) or '0'
  described[i] = { name, hold, running, tasks, complete, waiting, oldest and int(oldest) or '' }
end
return { ARGV[5] == '1' and #found or call('ZCARD', names), described }

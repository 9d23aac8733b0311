-- Workgroups that tasks or holds name, by name.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] first place. ARGV[3] last place. ARGV[4] '1': only ARGV[5], if it exists.
-- Returns {how many there are, {name, hold or empty, waiting, running} of each}.
forgetEndedHolds('workgroup')

local function describeWorkgroup(name)
  local waiting, running = 0, 0
  for _, id in ipairs(call('ZRANGE', key.workgroupLanes .. name, 0, -1)) do
    local lane = livingLane(id)
    if lane then
      running = running + (call('HGET', key.lane .. id, 'running') or 0)
      if not loadGroup(lane.group).isPaused then
        waiting = waiting + call('ZCOUNT', key.ready .. id, '-inf', int(now))
      end
    end
  end
  local hold = call('HGET', key.holds .. 'workgroup', name) or ''
  return { name, hold, waiting, running }
end

local names
if ARGV[4] == '1' then
  names = call('ZSCORE', key.workgroupNames, ARGV[5]) and { ARGV[5] } or {}
else
  names = call('ZRANGE', key.workgroupNames, ARGV[2], ARGV[3])
end
local described = {}
for i, name in ipairs(names) do
  described[i] = describeWorkgroup(name)
end
return { ARGV[4] == '1' and #names or call('ZCARD', key.workgroupNames), described }

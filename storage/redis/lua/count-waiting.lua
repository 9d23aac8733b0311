-- What waits in some lanes of a group.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] group. ARGV[3] where the last part ended, '0' at first.
-- Returns {where this part ends, '0' at the end; {lane, scheduled, retrying, throttled} of each}. A lane may be told twice.
local scanned = call('HSCAN', key.groupLanes .. ARGV[2], ARGV[3], 'COUNT', MAX_LANES)
local told = {}
for i = 2, #scanned[2], 2 do
  local lane = loadLane(scanned[2][i])
  if lane then
    told[#told + 1] = { lane.id, unpack(waitingIn(lane)) }
  end
end
return { scanned[1], told }

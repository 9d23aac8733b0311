-- What waits in some lanes of a workgroup or worker.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] the lane where the last part ended, '-inf' at first.
-- Returns {how many, the lane where this part ends or false at the end, since when the first of them or ''}.
local range = { '(' .. ARGV[4], '+inf', 'LIMIT', 0, MAX_LANES }
local ids = call('ZRANGEBYSCORE', key.namedLanes .. ARGV[2] .. ':' .. ARGV[3], unpack(range))
local ready, oldest = 0, nil
for _, id in ipairs(ids) do
  local inLane, since = readyInLane(id)
  ready, oldest = ready + inLane, earlier(oldest, since)
end
return { ready, #ids == MAX_LANES and ids[#ids], oldest and int(oldest) or '' }

-- The leases of tasks of a workgroup, or all (scope 'all'); of one partition they are some hundreds.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name.
-- Returns their tokens.
local tokens = {}
for _, id in ipairs(call('ZRANGE', key.leases, 0, -1)) do
  local found = call('HMGET', key.task .. id, 'lane', 'token')
  local lane = found[1] and livingLane(found[1])
  if lane and (ARGV[2] == 'all' or lane[ARGV[2]] == ARGV[3]) then
    tokens[#tokens + 1] = found[2]
  end
end
return tokens

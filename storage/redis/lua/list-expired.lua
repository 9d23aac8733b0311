-- Leases that ended, or whose server said that it is gone, oldest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] at most so many.
-- Returns the store's time, the servers gone that have no lease left, then task ids and tokens in turns: who reads a task later
-- sees whether it is that lease still.
local limit = tonumber(ARGV[2])
local gone, idle = {}, {}
for _, boot in ipairs(call('ZRANGEBYSCORE', key.goneBoots, int(now), '+inf')) do
  gone[boot], idle[boot] = true, true
end
-- Leases are as many as attempts are in flight, thousands; all are looked at only until none is left of a server that is gone.
local range = next(gone) and { '-inf', '+inf' } or { '-inf', int(now), 'LIMIT', 0, limit }
local found = { int(now), {} }
for _, id in ipairs(call('ZRANGEBYSCORE', key.leases, unpack(range))) do
  if #found > 2 * limit + 1 then
    return found
  end
  local lease = call('HMGET', key.task .. id, 'token', 'until', 'boot')
  if lease[1] and lease[2] and (tonumber(lease[2]) <= now or gone[lease[3]]) then
    found[#found + 1] = id
    found[#found + 1] = lease[1]
    if lease[3] then
      idle[lease[3]] = nil
    end
  end
end
for boot in pairs(idle) do
  found[2][#found[2] + 1] = boot
end
return found

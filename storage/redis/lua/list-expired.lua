-- Leases that ended, or whose server said that it is gone, oldest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] at most so many.
-- Returns the store's time, then task ids and tokens in turns: who reads a task later sees whether it is that lease still.
local limit = tonumber(ARGV[2])
local gone = {}
for _, boot in ipairs(call('ZRANGEBYSCORE', key.goneBoots, int(now), '+inf')) do
  gone[boot] = true
end
-- Leases are as many as attempts are in flight, a few thousand; all are looked at only while some server is gone.
local range = next(gone) and { '-inf', '+inf' } or { '-inf', int(now), 'LIMIT', 0, limit }
local found = { int(now) }
for _, id in ipairs(call('ZRANGEBYSCORE', key.leases, unpack(range))) do
  if #found > 2 * limit then
    break
  end
  local lease = call('HMGET', key.task .. id, 'token', 'until', 'boot')
  if lease[1] and lease[2] and (tonumber(lease[2]) <= now or gone[lease[3]]) then
    found[#found + 1] = id
    found[#found + 1] = lease[1]
  end
end
return found

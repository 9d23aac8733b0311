-- Ids of tasks whose lease ended, or whose server said that it is gone, oldest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] at most so many.
-- Returns ids.
local limit = tonumber(ARGV[2])
local gone = {}
for _, boot in ipairs(call('ZRANGEBYSCORE', key.goneBoots, int(now), '+inf')) do
  gone[boot] = true
end
if not next(gone) then
  return call('ZRANGEBYSCORE', key.leases, '-inf', int(now), 'LIMIT', 0, limit)
end
-- Leases are as many as attempts are in flight: a few thousand.
local ids = {}
local leased = call('ZRANGE', key.leases, 0, -1, 'WITHSCORES')
for i = 1, #leased, 2 do
  if #ids >= limit then
    break
  end
  if tonumber(leased[i + 1]) <= now or gone[call('HGET', key.task .. leased[i], 'boot')] then
    ids[#ids + 1] = leased[i]
  end
end
return ids

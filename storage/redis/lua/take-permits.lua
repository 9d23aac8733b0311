-- Takes permits to start something at a gate that several partitions share, as many as there is room for.
-- KEYS[1] the gate's home. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] leases that there may be besides its limits, or -1.
-- ARGV[5] ms until permits end unless renewed. ARGV[6] the partition that asks. ARGV[7…] ids; those that are held are given again.
-- Returns {ids that were given, ms until more may be (-1: nobody knows when), 1 when the gate bounds anything}; nothing when leases
-- of before it bounded anything are to be counted first.
-- Invariant: none is given beyond what there is room for; one that nobody renews ends by itself, so none can leak.
local till = now + tonumber(ARGV[5])
local isCounting = permitted.limits[1] >= 0 or windowOf(permitted) ~= nil
if permitted.scope ~= 'worker' and isCounting and not permitted.isCounted then
  return false
end

local free = roomOf(permitted)
if tonumber(ARGV[4]) >= 0 then
  free = math.min(free, ARGV[4] - permitsOf())
end
local given = {}
for i = 7, #ARGV do
  local isHeld = call('ZSCORE', permits, ARGV[i])
  if isHeld or free > 0 then
    given[#given + 1] = ARGV[i]
    free = isHeld and free or free - 1
  end
end
putUntil(permits, till, given)
if isBounded(permitted) then
  putUntil(reserved, now + RESERVED_MS, given)
end

if #given < #ARGV - 6 and permitted.scope == 'workgroup' then
  call('SADD', key.refused .. permitted.id, ARGV[6])
  call('PEXPIRE', key.refused .. permitted.id, int(till - now))
end
local left, nextAt = roomOf(permitted)
local delay = 0
if left <= 0 and nextAt ~= NEVER then
  delay = nextAt - now
elseif left <= 0 then
  -- When a lease ends those that were refused are told; should that be lost, they ask again.
  delay = permitted.limits[1] == 0 and -1 or ASK_AGAIN_MS
end
return { given, int(delay), isBounded(permitted) and 1 or 0 }

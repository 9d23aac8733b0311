-- Holds that have not ended yet.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope. ARGV[3…] names; none is all.
-- Returns names and holds in turns; a hold is its end, a space and its reason.
local names = {}
if #ARGV == 2 then
  names = call('ZRANGEBYSCORE', key.holdEnds .. ARGV[2], '(' .. int(now), '+inf')
end
for i = 3, #ARGV do
  if heldUntil(ARGV[2], ARGV[i]) > 0 then
    names[#names + 1] = ARGV[i]
  end
end
local holds = {}
for i, name in ipairs(names) do
  holds[2 * i - 1] = name
  holds[2 * i] = call('HGET', key.holds .. ARGV[2], name)
end
return holds

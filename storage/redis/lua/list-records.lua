-- Small documents of a kind that have no end, by key.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] kind. ARGV[3] first place. ARGV[4] last place.
-- Returns {how many there are, key and document as it is kept in turns}.
local index = key.recordKeys .. ARGV[2]
local told = {}
for _, name in ipairs(call('ZRANGE', index, ARGV[3], ARGV[4])) do
  told[#told + 1] = name
  told[#told + 1] = call('GET', key.record .. name)
end
return { call('ZCARD', index), told }

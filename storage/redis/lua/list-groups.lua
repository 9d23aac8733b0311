-- Groups by place, newest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] first place. ARGV[3] last place.
-- Returns {how many there are, groups}.
local described = {}
for i, id in ipairs(call('ZREVRANGE', key.groups, ARGV[2], ARGV[3])) do
  described[i] = describeGroup(id)
end
return { call('ZCARD', key.groups), described }

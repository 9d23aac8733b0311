-- Groups of a list by place, in short.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] the list: what its key says behind the tag. ARGV[3] first place.
-- ARGV[4] last place. ARGV[5] '1' newest first. ARGV[6] '1' with their words.
-- Returns {how many there are, of each {id, number, and with words: name, when it was created, where it is listed}}.
local list = TAG .. ARGV[2]
local found = call(ARGV[5] == '1' and 'ZREVRANGE' or 'ZRANGE', list, ARGV[3], ARGV[4], 'WITHSCORES')
local told = {}
for i = 1, #found, 2 do
  local group = { found[i], found[i + 1] }
  if ARGV[6] == '1' then
    group[3], group[4], group[5] = unpack(call('HMGET', key.group .. found[i], 'name', 'createdAt', 'listed'))
  end
  told[#told + 1] = group
end
return { call('ZCARD', list), told }

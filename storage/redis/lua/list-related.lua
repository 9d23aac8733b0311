-- The ids in an index by another task or by a merge key.
-- KEYS[1] the partition. ARGV[1] unused. ARGV[2] kind of index (a text of keys.ts). ARGV[3…] whose.
-- Returns ids; one that is in several is told several times.
local ids = {}
for i = 3, #ARGV do
  for _, id in ipairs(call('ZRANGE', KEYS[1] .. ARGV[2] .. ARGV[i], 0, -1)) do
    ids[#ids + 1] = id
  end
end
return ids

-- Groups by id, with their books.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2…] ids.
-- Returns the groups that exist.
local described = {}
for i = 2, #ARGV do
  if loadGroup(ARGV[i]) then
    described[#described + 1] = describeGroup(ARGV[i])
  end
end
return described

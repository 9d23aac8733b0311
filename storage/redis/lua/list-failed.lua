-- Tasks that failed for good: of one group after the other, oldest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] how many are looked at. ARGV[3] the place in the first group to begin with.
-- ARGV[4…] groups.
-- Returns {tasks, how many of the groups are done, the place in the next to go on with}.
local told, left, first, done = {}, tonumber(ARGV[2]), tonumber(ARGV[3]), 0
for i = 4, #ARGV do
  local ids = call('ZRANGE', key.failedTasks .. ARGV[i], first, first + left - 1)
  for _, id in ipairs(ids) do
    local row = loadFailing(id)
    if row and has(row.holds, EXHAUSTED) and not has(row.holds, COMPLETE) and not row.isLeased and livingLane(row.lane) then
      told[#told + 1] = tellFailing(row)
    end
  end
  left = left - #ids
  if left == 0 then
    first = first + #ids
    break
  end
  first, done = 0, done + 1
end
return { told, done, first }

-- Tasks by id.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] '1' with their payloads. ARGV[3…] ids.
-- Returns {tasks, lanes}, of those that exist.
local tasks = {}
for i = 3, #ARGV do
  if loadWholeTask(ARGV[i]) then
    tasks[#tasks + 1] = describe(ARGV[i], ARGV[2] == '1')
  end
end
return { tasks, describedLanes() }

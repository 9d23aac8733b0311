-- Tasks of a group by place, oldest first.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] group. ARGV[3] all, failed or children. ARGV[4] first place.
-- ARGV[5] last place. ARGV[6] '1' with their payloads. ARGV[7] whose children.
-- Returns {how many there are, tasks, lanes, '1' when the group is paused}.
local group = loadGroup(ARGV[2])
if not group then
  return { 0, {}, {}, '0' }
end
local index = key.groupTasks .. group.id
if ARGV[3] == 'failed' then
  index = key.failedTasks .. group.id
elseif ARGV[3] == 'children' then
  index = key.children .. ARGV[7]
end
local tasks = {}
for i, id in ipairs(call('ZRANGE', index, ARGV[4], ARGV[5])) do
  tasks[i] = describe(id, ARGV[6] == '1')
end
return { call('ZCARD', index), tasks, describedLanes(), group.isPaused and '1' or '0' }

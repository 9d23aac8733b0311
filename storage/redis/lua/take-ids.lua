-- Takes ids for new tasks, each for the group that its task will be in.
-- KEYS[1] the partition of the ids. ARGV[1] now or ''. ARGV[2] ms after which a reservation may be that of a dead server.
-- ARGV[3…] id and group in turns.
-- Returns {word, entry} of each. `fresh`: it was nobody's. `own`: it is its group's already. `open`: another group's, free if that
-- has no such task. `busy`: another group is writing its task just now.
-- Invariant: entries never end by themselves, and each that is written differs from the one before it.
local told = {}
for i = 3, #ARGV, 2 do
  local name, group = key.taskGroup .. ARGV[i], ARGV[i + 1]
  local before = call('GET', name)
  local kind, stamp, owner = string.match(before or '', '^(%a)(%d+) (.*)$')
  if before and owner ~= group then
    local isOpen = kind == 'k' or now - stamp >= tonumber(ARGV[2])
    told[#told + 1] = { isOpen and 'open' or 'busy', before }
  else
    local entry = 'r' .. int(math.max(now, (stamp or 0) + 1)) .. ' ' .. group
    call('SET', name, entry)
    told[#told + 1] = { before and 'own' or 'fresh', entry }
  end
end
return told

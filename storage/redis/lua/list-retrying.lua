-- Those of these tasks that failed and are tried again, but for those of paused groups.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2…] ids.
-- Returns the tasks.
local told = {}
for i = 2, #ARGV do
  local row = loadFailing(ARGV[i])
  local isIdle = row and row.holds == 0 and not row.isBlocked and not row.isLeased
  if isIdle and row.failures > 0 and livingLane(row.lane) and not loadGroup(loadLane(row.lane).group).isPaused then
    told[#told + 1] = tellFailing(row)
  end
end
return told

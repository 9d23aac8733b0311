-- Gives back permits whose leases ended.
-- KEYS[1] the gate's home. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4…] tokens.
-- Returns the partitions that were refused before.
local isFreed = false
for i = 4, #ARGV do
  isFreed = call('ZREM', permits, ARGV[i]) == 1 or isFreed
end
return isFreed and tellRefused() or {}

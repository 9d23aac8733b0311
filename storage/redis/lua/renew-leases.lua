-- Extends leases.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] lease in ms. ARGV[3…] task id and token in turns.
-- Returns the tokens that are no longer current.
-- Invariant: only the end of a lease moves; its task's version stays, so a result decided before still applies.
local till = int(now + tonumber(ARGV[2]))
local lost = {}
for i = 3, #ARGV, 2 do
  local row = loadTask(ARGV[i])
  if row and row.till and row.token == ARGV[i + 1] then
    call('HSET', key.task .. row.id, 'until', till)
    call('ZADD', key.leases, till, row.id)
  else
    lost[#lost + 1] = ARGV[i + 1]
  end
end
return lost

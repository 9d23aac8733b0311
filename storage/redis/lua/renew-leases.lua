-- Extends leases, and hands them over.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] lease in ms. ARGV[3] who holds them from now on; '' who does now.
-- ARGV[4…] task id and token in turns.
-- Returns the tokens that are no longer current.
-- Without a new holder no lease ends sooner: whoever renews may not have heard yet that it was handed over, for longer.
-- Invariant: only the end and the holder of a lease change; its task's version stays, so a result decided before still applies.
local asked = now + tonumber(ARGV[2])
local lost = {}
for i = 4, #ARGV, 2 do
  local row = loadTask(ARGV[i])
  if row and row.till and row.token == ARGV[i + 1] then
    local till = int(ARGV[3] == '' and math.max(row.till, asked) or asked)
    call('HSET', key.task .. row.id, 'until', till)
    call('ZADD', key.leases, till, row.id)
    if ARGV[3] ~= '' then
      call('HSET', key.task .. row.id, 'boot', ARGV[3])
    end
  else
    lost[#lost + 1] = ARGV[i + 1]
  end
end
call('HINCRBY', key.counters, 'revision', 1)
return lost

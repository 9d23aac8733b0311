-- Begins a large change set: locks its groups.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3…] groups.
-- Returns '', or busy and the large change set that has locked one of the groups.
-- Invariant: a group has one lock.
local largeId = ARGV[2]
for i = 3, #ARGV do
  local lock = lockOf(ARGV[i])
  if lock then
    return 'busy ' .. lock
  end
end
for i = 3, #ARGV do
  call('HSET', key.locks, ARGV[i], largeId)
  call('SADD', key.largeGroups .. largeId, ARGV[i])
end
call('HSET', key.largeState .. largeId, 'state', 'checking', 'since', int(now))
call('ZADD', key.large, int(now), largeId)
return ''

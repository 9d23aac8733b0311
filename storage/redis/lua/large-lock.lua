-- Begins a large change set: locks its groups and takes the ids that it inserts.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3] its changes in outline (encode.ts).
-- ARGV[4…] groups.
-- Returns '', busy when one of the groups is locked, or conflict when what it inserts cannot be: then it is locked as well, as a
-- guard that fails is the better answer.
-- Invariant: a group has one lock; ids are reserved exactly while the large change set is under way.
local largeId = ARGV[2]
for i = 4, #ARGV do
  if isLocked(ARGV[i]) then
    return 'busy'
  end
end
for i = 4, #ARGV do
  call('HSET', key.locks, ARGV[i], largeId)
  call('SADD', key.largeGroups .. largeId, ARGV[i])
end
call('HSET', key.largeState .. largeId, 'state', 'checking', 'since', int(now))
call('ZADD', key.large, int(now), largeId)
local outline = cjson.decode(ARGV[3])
if not canInsertAll(outline) then
  return 'conflict'
end
for _, change in ipairs(outline) do
  if change[1] == 'insertTask' then
    call('HSET', key.reserved, change[2].id, largeId)
    call('SADD', key.largeIds .. largeId, change[2].id)
  end
end
return ''

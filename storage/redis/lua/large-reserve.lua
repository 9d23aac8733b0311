-- Takes some of the ids that a large change set inserts.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3] some of its changes in outline (encode.ts).
-- Returns '', or conflict when what it inserts cannot be.
-- Invariant: ids are reserved exactly while the large change set is under way.
if call('EXISTS', key.largeState .. ARGV[2]) == 0 then
  return 'conflict'
end
local outline = cjson.decode(ARGV[3])
if not canInsertAll(outline, ARGV[2]) then
  return 'conflict'
end
for _, change in ipairs(outline) do
  if change[1] == 'insertTask' then
    call('HSET', key.reservedIds, change[2].id, ARGV[2])
    call('SADD', key.largeIds .. ARGV[2], change[2].id)
  end
end
return ''

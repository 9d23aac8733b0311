-- Writes a small document, or takes it away.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] kind. ARGV[3] key. ARGV[4] its end, '0': none. ARGV[5] '1': Redis takes it
-- away then. ARGV[6] the document; absent: it goes.
-- Invariant: the index of its kind, if it has one, names it while it is there and has no end.
local record, index = key.record .. ARGV[3], key.recordKeys .. ARGV[2]
if ARGV[6] then
  call('SET', record, ARGV[4] .. ' ' .. ARGV[6])
  if ARGV[5] == '1' then
    call('PEXPIREAT', record, ARGV[4])
  end
else
  call('DEL', record)
end
local moved
if ARGV[6] and ARGV[4] == '0' and ARGV[2] ~= '' then
  moved = call('ZADD', index, 0, ARGV[3])
else
  moved = call('ZREM', index, ARGV[3])
end
if moved == 1 then
  call('HINCRBY', key.counters, 'revision', 1)
end
return ''

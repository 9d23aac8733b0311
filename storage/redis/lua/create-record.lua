-- Writes a small document where there is none.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] kind. ARGV[3] key. ARGV[4] its end, '0': none. ARGV[5] '1': Redis takes it
-- away then. ARGV[6] the document.
-- Returns the one that is there, as it is kept; nothing when this one was written.
-- Invariant: the index of its kind, if it has one, names it while it is there and has no end.
local record, index = key.record .. ARGV[3], key.recordKeys .. ARGV[2]
local stored = call('GET', record)
if stored then
  local ending = tonumber(string.match(stored, '^%d+'))
  if ending == 0 or ending > now then
    return stored
  end
end
call('SET', record, ARGV[4] .. ' ' .. ARGV[6])
if ARGV[5] == '1' then
  call('PEXPIREAT', record, ARGV[4])
end
if ARGV[4] == '0' and ARGV[2] ~= '' then
  call('ZADD', index, 0, ARGV[3])
  call('HINCRBY', key.counters, 'revision', 1)
end
return false

-- Notes that holds are being released: those that were made before, and are on their way to or from this partition, are over.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] ms that it is remembered. ARGV[3…] scope and name in turns.
call('ZREMRANGEBYSCORE', key.releases, '-inf', int(now - ARGV[2]))
local released = {}
for i = 3, #ARGV, 2 do
  local id = ARGV[i] .. ':' .. ARGV[i + 1]
  released[id] = true
  call('ZADD', key.releases, int(now), id)
end
for _, text in ipairs(call('LRANGE', key.outbox, 0, -1)) do
  local told = cjson.decode(text)
  if told[1] == 'hold' and released[told[2] .. ':' .. told[3]] then
    call('LREM', key.outbox, 0, text)
  end
end
return ''

-- Makes permits end later. One that ended in a stall is counted again, beyond the limit if need be: its lease is alive and its
-- attempt runs, so what there is to give to others must not count it as free.
-- KEYS[1] the worker. ARGV[1] now or ''. ARGV[2] ms from now. ARGV[3…] ids of permits.
for i = 3, #ARGV do
  call('ZADD', key.permits, int(now + ARGV[2]), ARGV[i])
end
if call('PTTL', key.permits) < tonumber(ARGV[2]) then
  call('PEXPIRE', key.permits, ARGV[2])
end
return ''

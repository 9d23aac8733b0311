-- Makes permits end later.
-- KEYS[1] the worker. ARGV[1] now or ''. ARGV[2] ms from now. ARGV[3…] ids of permits.
for i = 3, #ARGV do
  call('ZADD', key.permits, 'XX', int(now + ARGV[2]), ARGV[i])
end
call('PEXPIRE', key.permits, ARGV[2])
return ''

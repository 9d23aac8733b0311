-- Brings some of the changes of a large change set; nobody looks at them before it is decided.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3] seconds until they go by themselves.
-- ARGV[4…] changes.
for i = 4, #ARGV do
  call('RPUSH', key.largeChanges .. ARGV[2], ARGV[i])
end
call('EXPIRE', key.largeChanges .. ARGV[2], ARGV[3])
return ''

-- Gives up a large change set that is not decided.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] its id.
if call('HGET', key.largeState .. ARGV[2], 'state') == 'checking' then
  unlock(ARGV[2])
  flush()
end
return ''

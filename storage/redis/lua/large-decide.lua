-- All guards hold: from now on the large change set is applied, by whoever comes.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3] how many elements its list has.
-- Returns '' or conflict, when it was given up as its server seemed dead or its changes did not all arrive.
local state = key.largeState .. ARGV[2]
if call('EXISTS', state) == 0 or call('LLEN', key.largeChanges .. ARGV[2]) ~= tonumber(ARGV[3]) then
  return 'conflict'
end
call('HSET', state, 'state', 'applying')
call('PERSIST', key.largeChanges .. ARGV[2])
return ''

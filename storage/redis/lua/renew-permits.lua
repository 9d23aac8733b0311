-- Makes permits end later. One that ended in a stall is counted again, beyond the limit if need be: its lease is alive and its
-- attempt runs, so what there is to give to others must not count it as free.
-- KEYS[1] the gate's home. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] ms from now. ARGV[5…] tokens.
if permitted.scope == 'worker' or isBounded(permitted) then
  putUntil(permits, now + tonumber(ARGV[4]), ARGV, 5)
end
return ''

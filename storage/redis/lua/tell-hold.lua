-- Puts a hold on that was made in another partition.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope. ARGV[3] name. ARGV[4] its end. ARGV[5] reason. ARGV[6] when it was made.
-- Invariant: a hold that is older than the last release of its name changes nothing.
local released = tonumber(call('ZSCORE', key.releases, ARGV[2] .. ':' .. ARGV[3]) or 0)
if tonumber(ARGV[6]) > released then
  holdWork(ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5])
end
return ''

-- Drops holds that have ended, and names that nothing else keeps.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] scope.
forgetEndedHolds(ARGV[2])
return ''

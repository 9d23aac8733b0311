-- Checks some of the guards of a large change set; what it locked cannot change meanwhile.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] id of the large change set. ARGV[3] guards as JSON.
-- Returns '' or the refusal.
if call('EXISTS', key.largeState .. ARGV[2]) == 0 then
  return 'conflict'
end
return refusalOf({ cjson.decode(ARGV[3]), {} }) or ''

-- Gives events their place in the order of all servers, and tells them.
-- KEYS[1] the partition. ARGV[1] unused. ARGV[2] channel. ARGV[3] boot. ARGV[4] origin. ARGV[5] how many. ARGV[6] events, as JSON.
-- Returns the place of the first.
local first = call('HINCRBY', key.counters, 'event', ARGV[5]) - ARGV[5] + 1
call(
  'PUBLISH', ARGV[2], '{"boot":"' .. ARGV[3] .. '","first":' .. int(first) .. ',"origin":"' .. ARGV[4] .. '","events":' .. ARGV[6] .. '}'
)
return first

-- Gives events their place in the order of all servers, and tells them.
-- KEYS[1] the partition. ARGV[1] unused. ARGV[2] channel. ARGV[3] boot. ARGV[4] origin. ARGV[5] how many numbers they take: one
-- more than there are leaves a gap, which says that some were lost. ARGV[6] how many there are. ARGV[7] events, as JSON.
-- Returns the place of the first; without events that of the next one.
local first = int(call('HINCRBY', key.counters, 'event', ARGV[5]) - ARGV[6] + 1)
local head = '{"boot":"' .. ARGV[3] .. '","first":' .. first .. ',"origin":"' .. ARGV[4] .. '","events":'
call('PUBLISH', ARGV[2], head .. ARGV[7] .. '}')
return first

-- Takes an id whose former task is gone, if nobody else did.
-- KEYS[1] the partition of the id. ARGV[1] now or ''. ARGV[2] id. ARGV[3] its entry. ARGV[4] the group that takes it.
-- Returns the new entry, or '' when the entry is another one by now.
local name = key.taskGroup .. ARGV[2]
if call('GET', name) ~= ARGV[3] then
  return ''
end
local entry = 'r' .. int(math.max(now, string.match(ARGV[3], '^%a(%d+) ') + 1)) .. ' ' .. ARGV[4]
call('SET', name, entry)
return entry

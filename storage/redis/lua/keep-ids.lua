-- Notes that the tasks of these ids are written.
-- KEYS[1] the partition of the ids. ARGV[1] now or ''. ARGV[2…] id and group in turns.
-- Invariant: what another group has taken since stays its own.
for i = 2, #ARGV, 2 do
  local name, group = key.taskGroup .. ARGV[i], ARGV[i + 1]
  local before = call('GET', name)
  local stamp, owner = string.match(before or '', '^%a(%d+) (.*)$')
  if not before or owner == group then
    call('SET', name, 'k' .. (stamp or int(now)) .. ' ' .. group)
  end
end
return ''

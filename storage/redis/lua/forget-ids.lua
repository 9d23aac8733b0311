-- Frees ids.
-- KEYS[1] the partition of the ids. ARGV[1] unused. ARGV[2…] id and its entry in turns.
-- Invariant: an entry that somebody wrote since, to take the id or to keep it, stays.
for i = 2, #ARGV, 2 do
  if call('GET', key.taskGroup .. ARGV[i]) == ARGV[i + 1] then
    call('DEL', key.taskGroup .. ARGV[i])
  end
end
return ''

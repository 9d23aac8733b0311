-- Takes an id whose former task is gone, if nobody else did.
-- KEYS[1] the partition of the id. ARGV[1] unused. ARGV[2] id. ARGV[3] group it had. ARGV[4] group that takes it. ARGV[5] ms
-- until it is free again unless it is kept.
-- Returns 1 when it was taken.
if call('GET', key.taskGroup .. ARGV[2]) ~= ARGV[3] then
  return 0
end
call('SET', key.taskGroup .. ARGV[2], ARGV[4], 'PX', ARGV[5])
return 1

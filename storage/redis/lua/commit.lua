-- Applies change sets in order, each all or nothing.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] the sets as JSON (encode.ts). ARGV[3…] long payloads.
-- Returns one word a set: applied, duplicate, leaseLost or conflict. Ends early with busy and a large change set at a set whose group that one
-- has locked, and with large at one that is too much for one script; of it and those after it nothing is written.
-- Invariant: a set whose guards fail writes nothing; counters, indexes and lanes agree with the tasks when the script ends.
local results = {}
for i, set in ipairs(cjson.decode(ARGV[2])) do
  local lock = lockOnTheWay(set)
  local stop = lock and 'busy ' .. lock or isTooMuch(set) and 'large'
  if stop then
    results[i] = stop
    break
  end
  local refusal = refusalOf(set)
  if not refusal then
    for _, change in ipairs(set[2]) do
      APPLY[change[1]](change)
    end
  end
  results[i] = refusal or 'applied'
end
flush()
call('HINCRBY', key.counters, 'revision', 1)
return results

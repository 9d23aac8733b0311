-- Applies change sets in order, each all or nothing.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] the sets as JSON (encode.ts). ARGV[3…] long payloads.
-- Returns one word a set: applied, duplicate, leaseLost or conflict. Ends early with busy and a large change set at a set whose
-- group that one has locked, with large at one that is too much for any script, and with later at one that is too much for this
-- one; of it and those after it nothing is written.
-- Invariant: a set whose guards fail writes nothing; counters, indexes and lanes agree with the tasks when the script ends.
local results = {}
local weight = 0

local function reasonToStop(set)
  local lock = lockOnTheWay(set)
  if lock then
    return 'busy ' .. lock
  end
  local own = weightOfSet(set)
  if own > MAX_WEIGHT then
    return 'large'
  end
  weight = weight + own
  return weight > MAX_WEIGHT and 'later'
end

for i, set in ipairs(cjson.decode(ARGV[2])) do
  local stop = reasonToStop(set)
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

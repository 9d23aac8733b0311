-- Applies the next part of a large change set: as much as a script may do.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] its id. ARGV[3] ms after which one that is not
-- decided is given up.
-- Returns '' when nothing is left, waiting when it is not decided, or more.
-- An element of the list is {how many payloads follow it as elements of their own, change}.
-- Invariant: changes are applied in order, each once; the last step unlocks.
local largeId = ARGV[2]
local state = call('HMGET', key.largeState .. largeId, 'state', 'since')
if not state[1] then
  call('ZREM', key.large, largeId)
  return ''
end
if state[1] == 'checking' then
  if tonumber(state[2]) + tonumber(ARGV[3]) > now then
    return 'waiting'
  end
  unlock(largeId)
  flush()
  return ''
end

local changes = key.largeChanges .. largeId
-- What is applied in parts anyhow may as well be applied in parts that stay short on a slow machine, too.
local budget = math.ceil(MAX_WEIGHT * 2 / 3)
while budget > 0 do
  local text = call('LINDEX', changes, 0)
  if not text then
    flush()
    unlock(largeId)
    break
  end
  local element = cjson.decode(text)
  payloads = element[1] > 0 and call('LRANGE', changes, 1, element[1]) or {}
  local rest
  rest, budget = applyPart(element[2], budget)
  if rest then
    call('LSET', changes, 0, cjson.encode({ 0, rest }))
  else
    call('LTRIM', changes, 1 + element[1], -1)
  end
end
flush()
call('HINCRBY', key.counters, 'revision', 1)
return call('EXISTS', key.largeState .. largeId) == 1 and 'more' or ''

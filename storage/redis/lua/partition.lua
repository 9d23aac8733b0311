-- Shared by all scripts: the partition's keys, the time, constants.
-- KEYS[1] the partition's hash tag; every key of it begins with it, so all are in one slot of a Cluster.
-- ARGV[1] epoch ms, or '' for the store's own TIME.
-- Sizes and the bits of `Hold` (from server/core) are written above this by scripts.ts, and keys (from keys.ts) in place of `key` and a kind.
local call = redis.call
local NEVER = math.huge
-- Stands in a task's hash for a text that lives beside it (LONG_TEXT in keys.ts); no text of a task is this one sign.
local ELSEWHERE = '\1'

local function storeTime()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = tonumber(ARGV[1]) or storeTime()

-- Whole numbers as text: Lua's own tostring turns 1.7e15 into an exponent. Kept, as one script writes the same of many tasks.
local ints = {}

local function int(number)
  local text = ints[number]
  if not text then
    text = string.format('%.0f', number)
    ints[number] = text
  end
  return text
end

local function has(bits, bit_)
  return bit.band(bits, bit_) ~= 0
end

-- Numbers given out one after the other: `task`, `group`, `lane`, `turn`. Written back once, by `flushCounters`.
local counters, countersChanged = {}, {}

local function nextNumber(name)
  local number = (counters[name] or tonumber(call('HGET', key.counters, name) or 0)) + 1
  counters[name] = number
  countersChanged[name] = true
  return number
end

local function flushCounters()
  for name in pairs(countersChanged) do
    call('HSET', key.counters, name, int(counters[name]))
  end
  countersChanged = {}
end

-- Adds (or takes) and leaves no key behind that says 0.
local function count(hash, field, delta)
  if delta ~= 0 and call('HINCRBY', hash, field, int(delta)) == 0 then
    call('HDEL', hash, field)
  end
end

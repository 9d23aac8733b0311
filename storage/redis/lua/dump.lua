-- What keys hold, for the audit.
-- KEYS[1] the partition. ARGV[1] unused. ARGV[2…] keys.
-- Returns {type, value} of each; hashes and sorted sets are told as names and values in turns.
local READ = {
  string = function(name)
    return call('GET', name)
  end,
  list = function(name)
    return call('LRANGE', name, 0, -1)
  end,
  set = function(name)
    return call('SMEMBERS', name)
  end,
  hash = function(name)
    return call('HGETALL', name)
  end,
  zset = function(name)
    return call('ZRANGE', name, 0, -1, 'WITHSCORES')
  end,
}
local told = {}
for i = 2, #ARGV do
  local type_ = call('TYPE', ARGV[i]).ok
  told[i - 1] = { type_, READ[type_] and READ[type_](ARGV[i]) or '' }
end
return told

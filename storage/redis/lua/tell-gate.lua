-- Does to a gate what was done in another partition.
-- KEYS[1] the partition. ARGV[1] now or ''. ARGV[2] kind. ARGV[3] scope. ARGV[4] name. ARGV[5] when it was done. Then of a hold: its end,
-- the hold, probeMs; of a pace: the pace; of a narrowing: when the attempt started, leases over all partitions.
-- Invariant: a hold that is older than the last release of its name changes nothing, nor does a pace that is older than another.
local TELL = {
  hold = function(scope, name, madeAt)
    local released = tonumber(call('ZSCORE', key.releases, scope .. ':' .. name) or 0)
    if madeAt > released then
      holdWork(scope, name, tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]))
    end
  end,
  pace = function(scope, name, madeAt)
    paceWork(scope, name, ARGV[6], madeAt)
  end,
  narrow = function(scope, name)
    narrowWork(scope, name, tonumber(ARGV[6]), tonumber(ARGV[7]))
  end,
}
TELL[ARGV[2]](ARGV[3], ARGV[4], tonumber(ARGV[5]))
flush()
call('HINCRBY', key.counters, 'revision', 1)
return ''

-- A task as decode.ts reads it: {id, its hash as JSON, its long texts or false, long input or false, long output or false}.
-- The words of its lane are told once a reply, by `describedLanes`.
local lanesTold = {}

local function describe(id, hasPayloads)
  local row = rows[id]
  local hash = row and row.hash or hashOf(id)
  lanesTold[hash.lane] = true
  local texts, input, output = false, false, false
  for field, value in pairs(hash) do
    local isElsewhere = value == ELSEWHERE
    if isElsewhere and field == 'input' then
      input = hasPayloads and call('GET', key.input .. id)
    elseif isElsewhere and field == 'output' then
      output = hasPayloads and call('GET', key.output .. id)
    elseif isElsewhere then
      texts = true
    end
  end
  return { id, cjson.encode(hash), texts and call('HGETALL', key.texts .. id) or false, input, output }
end

-- {id, group, worker, workgroup, priority, held until} of each lane that a described task is in.
local function describedLanes()
  local described = {}
  for id in pairs(lanesTold) do
    local lane = loadLane(id)
    local till = int(laneHeldUntil(lane))
    described[#described + 1] = { id, lane.group, lane.worker, lane.workgroup, int(lane.priority), till }
  end
  return described
end

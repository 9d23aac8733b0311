-- How much work a change is, in tasks touched, so that no script takes longer than DESIGN section 5 allows; and how to do a
-- part of what is too much for one script.
-- Taking a task, or an edge, out of all that names it costs three times a change of it.
local ERASING = 3
-- A lane that may have to be made, and its part of the books, costs as much as two tasks.
local LANE = 2

local lanesWeighed = {}

local function weightOfLane(task)
  local name = table.concat({ task.group, task.worker, task.workgroup, task.priority }, '\n')
  if lanesWeighed[name] then
    return 0
  end
  lanesWeighed[name] = true
  return LANE
end

local function weightOf(change)
  local kind = change[1]
  if kind == 'insertTask' then
    -- An edge costs up to half of a task: its parent has to be read.
    return 1 + math.floor(#change[2].parentIds / 2) + weightOfLane(change[2])
  elseif kind == 'patchTask' then
    -- One that was complete and is reset changes places in all indexes and all books.
    return 2
  elseif kind == 'releaseChildren' or kind == 'blockChildren' or kind == 'delayChildren' then
    return 1 + countChildrenOf(change[2])
  elseif kind == 'deleteTask' then
    return ERASING * (1 + countChildrenOf(change[2]))
  elseif kind == 'deleteGroup' then
    return 1 + ERASING * call('ZCARD', key.groupTasks .. change[2])
  elseif kind == 'liftHold' then
    return 1 + call('ZCARD', key.groupTasks .. change[2])
  end
  return 1
end

local function weightOfSet(set)
  local weight = 0
  for _, change in ipairs(set[2]) do
    weight = weight + weightOf(change)
  end
  return weight
end

-- The members of an index after a place in it, so many at once, and the place to go on from.
local function nextMembers(index, after, limit)
  local found = call('ZRANGEBYSCORE', index, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
  local members = {}
  for i = 1, #found, 2 do
    members[#members + 1] = found[i]
  end
  return members, found[#found]
end

local PARTS = {
  releaseChildren = function(change)
    return key.children .. change[2], function(row)
      setUnfinished(row, row.unfinished - 1)
    end
  end,
  blockChildren = function(change)
    return key.children .. change[2], function(row)
      setUnfinished(row, row.unfinished + 1)
    end
  end,
  delayChildren = function(change)
    return key.children .. change[2], function(row)
      delayChild(row, change[3])
    end
  end,
  liftHold = function(change)
    return key.groupTasks .. change[2], function(row)
      liftHoldOf(row, change[3])
    end
  end,
}

-- Applies what the budget allows. Returns what is left of the change, or nil, and the budget that is left.
-- A change under way is {'part', change, place}.
local function applyPart(change, budget)
  local after = '-inf'
  if change[1] == 'part' then
    change, after = change[2], change[3]
  end
  local weight = weightOf(change)
  if weight > budget and change[1] == 'deleteGroup' and call('ZCARD', key.groupTasks .. change[2]) > 0 then
    eraseTasks(change[2], math.ceil(budget / ERASING))
    return change, 0
  elseif weight > budget and change[1] == 'deleteTask' and countChildrenOf(change[2]) > 0 then
    dropFromChildren(change[2], math.ceil(budget / ERASING))
    return change, 0
  end
  local part = PARTS[change[1]]
  if not part or (weight <= budget and after == '-inf') then
    APPLY[change[1]](change)
    return nil, budget - weight
  end
  local index, apply = part(change)
  local ids, place = nextMembers(index, after, budget)
  for _, id in ipairs(ids) do
    local row = loadTask(id)
    if row then
      apply(row)
    end
  end
  if #ids < budget then
    return nil, budget - #ids - 1
  end
  return { 'part', change, place }, 0
end

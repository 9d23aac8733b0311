import type { GateRef } from '../../storage/task-storage.ts'
import type { WorkHold } from '../core/change-set.ts'
import { type EligibilityFacts, explain } from '../core/eligibility.ts'
import { addTallies, figuresOf, type Tally } from '../core/figures.ts'
import { type Gate, openGate } from '../core/gate.ts'
import { type ExplainedTask, explainGroup, type GroupWhy, MIN_SAMPLES, type StageKnowledge } from '../core/group-why.ts'
import { speedOf } from '../core/stage-speed.ts'
import type { Steps } from '../core/steps.ts'
import { isFinished, type Task } from '../core/task.ts'
import { type CountedGroup, type GroupState, groupStateOf } from '../core/task-group.ts'
import { getGroup } from './groups.ts'
import { inTurns } from './in-turns.ts'
import type { ServiceContext } from './service-context.ts'
import type { WorkerContext } from './worker-context.ts'

export interface GroupExplanation extends GroupWhy {
  readonly state: GroupState
  /** Only a part of its tasks was looked at. */
  readonly isPartial: boolean
}

/** 75 MB while they are looked at; groups have 10,000 tasks, now and then more. */
const MAX_TASKS = 50_000
/** Claims and results go in between. */
const TASKS_PER_READ = 2000

/**
 * What holds a group up: each of its tasks by the same facts as a claim. A task with its key that runs in another group is not looked
 * for.
 */
export async function explainTaskGroup(context: WorkerContext, groupId: string): Promise<GroupExplanation> {
  const group = await getGroup(context, groupId)
  const { tasks, isPartial } = await readIncomplete(context, groupId)
  const surroundings = await readSurroundings(context, tasks)
  const explained = await inTurns(explainAll(context, group, tasks, surroundings))
  const stages = await readStages(context, tasks, surroundings)
  const facts = { now: context.clock.now(), isPaused: group.isPaused, stages }
  return { state: groupStateOf(group), ...(await inTurns(explainGroup(explained, facts))), isPartial }
}

async function readIncomplete(
  { storage }: ServiceContext,
  groupId: string,
): Promise<{ tasks: Task[]; isPartial: boolean }> {
  const found = new Map<string, Task>()
  for (let page = 1; ; page++) {
    const query = {
      groupId,
      page,
      pageSize: TASKS_PER_READ,
      search: '',
      skipCompleted: true,
      payloads: false,
      errors: 'last' as const,
    }
    const { tasks } = await storage.listTasks(query)
    // What they failed by and how they are named is much, and says nothing here.
    for (const task of tasks) found.set(task.id, { ...task, errors: [], metadata: {} })
    if (tasks.length < TASKS_PER_READ) return { tasks: [...found.values()], isPartial: false }
    if (found.size >= MAX_TASKS) return { tasks: [...found.values()], isPartial: true }
  }
}

/** What stands before the starts of these tasks, by name. */
interface Surroundings {
  readonly all: Gate
  readonly workers: ReadonlyMap<string, Gate>
  readonly workgroups: ReadonlyMap<string, Gate>
  readonly workerHolds: ReadonlyMap<string, WorkHold>
  readonly workgroupHolds: ReadonlyMap<string, WorkHold>
}

async function readSurroundings({ storage }: ServiceContext, tasks: readonly Task[]): Promise<Surroundings> {
  const workers = [...new Set(tasks.map(({ worker }) => worker))]
  const workgroups = [...new Set(tasks.map(({ workgroup }) => workgroup))].filter((name) => name !== '')
  const refs: GateRef[] = [
    { scope: 'all', name: '' },
    ...workers.map((name): GateRef => ({ scope: 'worker', name })),
    ...workgroups.map((name): GateRef => ({ scope: 'workgroup', name })),
  ]
  const [gates, ofWorkers, ofWorkgroups] = await Promise.all([
    storage.getGates(refs),
    storage.listHolds('worker', workers),
    storage.listHolds('workgroup', workgroups),
  ])
  const [all = openGate('all', ''), ...named] = gates
  const byName = (scope: Gate['scope']) =>
    new Map(named.filter((gate) => gate.scope === scope).map((gate) => [gate.name, gate]))
  const gatesByName = { workers: byName('worker'), workgroups: byName('workgroup') }
  return { all, ...gatesByName, workerHolds: holdsByName(ofWorkers), workgroupHolds: holdsByName(ofWorkgroups) }
}

const holdsByName = (holds: readonly WorkHold[]) => new Map(holds.map((hold) => [hold.name, hold]))

function* explainAll(
  { clock, workers }: ServiceContext,
  { isPaused: isGroupPaused, stoppedBy }: CountedGroup,
  tasks: readonly Task[],
  surroundings: Surroundings,
): Steps<ExplainedTask[]> {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const running = tasks.filter((task) => task.lease !== null && task.mergeKey !== '')
  const runningByKey = new Map(running.map((task) => [task.mergeKey, task.id]))
  yield
  const explained: ExplainedTask[] = []
  for (const task of tasks) {
    const facts: EligibilityFacts = {
      now: clock.now(),
      isGroupPaused,
      stoppedBy,
      unfinishedParents: task.unfinishedParents === 0 ? [] : unfinishedOf(task, byId),
      gates: gatesOf(task, surroundings),
      holds: holdsOf(task, surroundings),
      runningDuplicate: runningByKey.get(task.mergeKey) ?? null,
      hasAddress: workers.hasAddress(task.worker),
      slots: workers.slotsOf(task.worker),
      lastWordAt: null,
    }
    const [reason = null] = task.lease === null ? explain(task, facts) : []
    explained.push({ task, reason })
    yield
  }
  return explained
}

const unfinishedOf = ({ parentIds }: Task, byId: ReadonlyMap<string, Task>): Task[] =>
  parentIds.flatMap((id) => byId.get(id) ?? []).filter((parent) => !isFinished(parent))

function holdsOf({ worker, workgroup }: Task, { workerHolds, workgroupHolds }: Surroundings): WorkHold[] {
  return [workerHolds.get(worker), workgroupHolds.get(workgroup)].filter((hold) => hold !== undefined)
}

/** In the order in which a task goes through them. */
function gatesOf({ worker, workgroup }: Task, { all, workers, workgroups }: Surroundings): Gate[] {
  const ofWorker = workers.get(worker) ?? openGate('worker', worker)
  const ofWorkgroup = workgroups.get(workgroup)
  return ofWorkgroup ? [ofWorkgroup, ofWorker, all] : [ofWorker, all]
}

/** How fast each worker is. One with few samples of its own is taken to be like the others. */
async function readStages(
  { directory, workers, clock }: WorkerContext,
  tasks: readonly Task[],
  surroundings: Surroundings,
): Promise<Map<string, StageKnowledge>> {
  const byWorker = Map.groupBy(tasks, ({ worker }) => worker)
  const tallies = await directory.talliesOf([...byWorker.keys()])
  const ofAll = p50Of(addTallies(tallies))
  const stages = [...byWorker].map(([worker, own], at): [string, StageKnowledge] => {
    const tally = tallies[at]
    const samples = tally ? tally.attempts - tally.errors : 0
    const gates = sharedGates(own, surroundings)
    const p50Ms = tally && samples >= MIN_SAMPLES ? p50Of(tally) : ofAll
    const slots = workers.slotsOf(worker)?.limit ?? fetchersOf(worker, gates)
    return [worker, { samples, speed: speedOf({ gates, slots }, p50Ms, clock.now()) }]
  })
  return new Map(stages)
}

/** Nobody knows how many poll: as many as have a task now. */
const fetchersOf = (worker: string, gates: readonly Gate[]): number =>
  Math.max(1, gates.find(({ scope, name }) => scope === 'worker' && name === worker)?.leases ?? 1)

const p50Of = (tally: Tally): number => Math.max(1, figuresOf(tally).p50Ms ?? 1)

/** A workgroup bounds the whole of a stage only when all of it is in that one. */
function sharedGates(tasks: readonly Task[], surroundings: Surroundings): Gate[] {
  const [first] = tasks
  const isShared = tasks.every(({ workgroup }) => workgroup === first?.workgroup)
  return first ? gatesOf(isShared ? first : { ...first, workgroup: '' }, surroundings) : []
}

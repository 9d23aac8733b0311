import type { Reason, ReasonCode } from './eligibility.ts'
import { below, childrenOf, countByWorker, estimateMs, levelsOf, workLeft } from './group-estimate.ts'
import type { StageSpeed } from './stage-speed.ts'
import type { Steps } from './steps.ts'
import { isFinished, isGivenUp, type Task } from './task.ts'

/** An incomplete task of a group, with what is most in its way; null: nothing, it runs. */
export interface ExplainedTask {
  readonly task: Task
  readonly reason: Reason | null
}

/** A reason with how many tasks it holds. */
export interface GroupReason extends Reason {
  readonly count: number
}

/** What one worker has to do in a group. */
export interface GroupStage {
  readonly worker: string
  readonly waiting: number
  readonly running: number
  /** What bounds it, in words. */
  readonly limit: string
  /** Absent with too few samples, and when nobody can know. */
  readonly secondsLeft?: number
}

export interface GroupWhy {
  /** Those that hold most tasks first; each task is counted at what is most in its way. */
  readonly reasons: readonly GroupReason[]
  readonly stages: readonly GroupStage[]
  readonly bottleneck: { readonly worker: string; readonly share: number; readonly message: string } | null
  readonly secondsLeft: number | null
}

/** What is known of a worker: its speed, and by how many finished attempts. */
export interface StageKnowledge {
  readonly speed: StageSpeed
  readonly samples: number
}

export interface GroupFacts {
  readonly now: number
  readonly isPaused: boolean
  /** Of every worker that has something to do; one without samples of its own has the speed of all. */
  readonly stages: ReadonlyMap<string, StageKnowledge>
}

/** Fewer say nothing (UI.md 3.5). */
export const MIN_SAMPLES = 20

/** What holds a group up. In steps: of 50,000 tasks it takes 200 ms. */
export function* explainGroup(explained: readonly ExplainedTask[], facts: GroupFacts): Steps<GroupWhy> {
  const levels = yield* levelsOf(explained.map(({ task }) => task))
  const speeds = new Map([...facts.stages].map(([worker, { speed }]) => [worker, speed]))
  const left = workLeft(levels, speeds)
  yield
  const samples = [...facts.stages.values()].reduce((sum, stage) => sum + stage.samples, 0)
  const isKnown = samples >= MIN_SAMPLES && !facts.isPaused && levels.length > 0
  return {
    reasons: yield* groupReasons(explained),
    stages: groupStages(explained, left, facts),
    bottleneck: isKnown ? bottleneckOf(left, facts) : null,
    secondsLeft: isKnown ? secondsOf(yield* estimateMs(levels, speeds, facts.now)) : null,
  }
}

/** What is below one that is passed over goes on. */
const isInTheWay = (task: Task): boolean => isGivenUp(task) && !isFinished(task)

/** Null: until somebody acts. */
const secondsOf = (ms: number): number | null => (Number.isFinite(ms) ? Math.ceil(ms / 1000) : null)

function* groupReasons(explained: readonly ExplainedTask[]): Steps<GroupReason[]> {
  const tasks = explained.map(({ task }) => task)
  const failedAbove = yield* below(tasks.filter(isInTheWay), yield* childrenOf(tasks))
  const found = new Map<string, { reason: Reason; count: number }>()
  for (const { task, reason } of explained) {
    yield
    if (reason === null) continue
    const shared = sharedReason(reason, failedAbove.get(task.id))
    const key = `${shared.code} ${shared.ref ?? ''} ${shared.code === 'parent_unfinished' ? shared.message : ''}`
    const known = found.get(key)
    found.set(key, { reason: known ? sooner(known.reason, shared) : shared, count: (known?.count ?? 0) + 1 })
  }
  const counted = [...found.values()].map(({ reason, count }) => {
    return { ...reason, message: sentences[reason.code]?.(count) ?? reason.message, count }
  })
  return counted.sort((a, b) => b.count - a.count)
}

/** Of one task the parent is named, of many only one that must be seen to. */
function sharedReason({ code, message, until, ref }: Reason, failedAbove: string | undefined): Reason {
  if (code === 'parent_unfinished') {
    return failedAbove === undefined
      ? { code, message: 'They wait for parents that are not complete.' }
      : {
          code,
          message: `They wait behind ${failedAbove}, which failed for good: retry or reset it.`,
          ref: failedAbove,
        }
  }
  const isOfGate = gateCodes.has(code)
  return {
    code,
    message: isOfGate ? withoutIts(message) : code === 'group_stopped' ? `The${message.slice(3)}` : message,
    ...(until !== undefined && { until }),
    ...(ref !== undefined && (isOfGate || isOfGroup(code)) && { ref }),
  }
}

const isOfGroup = (code: ReasonCode): boolean => code === 'group_paused' || code === 'group_stopped'

/** Names of gates are the same for all tasks that they hold; those of the tasks themselves are not. */
const gateCodes: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'workgroup_held',
  'worker_held',
  'breaker_open',
  'workgroup_full',
  'worker_full',
  'server_full',
  'workgroup_rate_limited',
  'worker_rate_limited',
  'rate_limited',
  'paced',
  'ramping',
  'no_address',
])

/** `Its workgroup ads is held.` of a task is `Workgroup ads is held.` of a group. */
const withoutIts = (message: string): string =>
  message.startsWith('Its ') ? message.charAt(4).toUpperCase() + message.slice(5) : message

const sooner = (a: Reason, b: Reason): Reason =>
  b.until !== undefined && (a.until === undefined || b.until < a.until) ? { ...a, until: b.until } : a

/** Of what is not said of a gate. */
const sentences: Partial<Record<ReasonCode, (count: number) => string>> = {
  no_attempts_left: (count) => `${tasks(count)} failed and ${have(count)} no attempts left: retry or reset.`,
  paused: (count) => `${tasks(count)} ${are(count)} paused: resume.`,
  group_paused: () => 'The group is paused: resume it.',
  not_due: (count) => `${tasks(count)} ${wait(count)} for a time; the first comes then.`,
  retrying: (count) => `${tasks(count)} failed and ${wait(count)} to be tried again; the first is then.`,
  duplicate_running: (count) => `${tasks(count)} ${wait(count)} for a task with the same key, and will get its result.`,
  ready: (count) => `${tasks(count)} may start, and ${wait(count)} for the next turn of the worker.`,
}

const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`)
const are = (count: number): string => (count === 1 ? 'is' : 'are')
const have = (count: number): string => (count === 1 ? 'has' : 'have')
const wait = (count: number): string => (count === 1 ? 'waits' : 'wait')

/** By how much is left, then by how many wait. */
function groupStages(
  explained: readonly ExplainedTask[],
  left: ReadonlyMap<string, number>,
  { stages, isPaused }: GroupFacts,
): GroupStage[] {
  const open = explained.filter(({ task }) => !isGivenUp(task))
  const running = countByWorker(open.filter(({ reason }) => reason === null).map(({ task }) => task))
  const free = countByWorker(open.filter(({ reason }) => reason?.code !== 'parent_unfinished').map(({ task }) => task))
  const told = [...countByWorker(open.map(({ task }) => task))].map(([worker, count]): GroupStage => {
    const stage = stages.get(worker)
    const seconds = stage && stage.samples >= MIN_SAMPLES && !isPaused ? secondsOf(left.get(worker) ?? 0) : null
    const bound = stage?.speed.limit ?? ''
    return {
      worker,
      waiting: count - (running.get(worker) ?? 0),
      running: running.get(worker) ?? 0,
      limit: isPaused ? 'the group is paused' : free.has(worker) ? bound : 'waits for parents',
      ...(seconds !== null && { secondsLeft: seconds }),
    }
  })
  const leftOf = ({ worker }: GroupStage): number => left.get(worker) ?? 0
  return told.sort((a, b) => order(leftOf(b), leftOf(a)) || b.waiting - a.waiting)
}

/** Two that take for ever are equal. */
const order = (a: number, b: number): number => (a === b ? 0 : a - b)

function bottleneckOf(left: ReadonlyMap<string, number>, { stages }: GroupFacts): GroupWhy['bottleneck'] {
  const [largest] = [...left].sort(([, a], [, b]) => order(b, a))
  if (!largest) return null
  const [worker, ms] = largest
  const limit = stages.get(worker)?.speed.limit ?? ''
  if (!Number.isFinite(ms)) {
    return { worker, share: 1, message: `${worker} does not go on until somebody acts: ${limit}.` }
  }
  const share = ms / [...left.values()].reduce((sum, each) => sum + each, 0)
  return { worker, share, message: `${worker} has ${Math.round(share * 100)} % of the work left: ${limit}.` }
}

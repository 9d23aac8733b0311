import { type Chance, makeChance } from './chance.ts'

/** What the network and the machines do to a run, each at its rate; 0 is never. */
export const FAULTS = {
  /** Of calls of the store: refused, and nothing was done. */
  failBefore: 0.06,
  /** Done, and the answer is lost. */
  executeThenFail: 0.06,
  /** Up to two and a half seconds, on the way there or back; a server waits two. */
  delay: 0.05,
  /** Each call takes a time of its own, so that later ones overtake. */
  reorder: 1,
  /** No answer until the weather is fair again. */
  hang: 0.004,
  /** Of commits of several results: some are written, and the answer is lost. */
  partial: 0.6,
  /** Of events: nobody is told. */
  lostHints: 0.5,
  /** Of calls of workers: nobody gets there, or the answer is lost. */
  lostCalls: 0.08,
  /** The rest are of the nemesis: how often each is chosen when it acts. */
  partition: 1,
  kill: 2,
  drain: 1,
  stall: 2,
  clockJump: 1,
  rollback: 1,
} as const
export type Fault = keyof typeof FAULTS

/** What clients ask for, and how often. */
export const OPERATIONS = {
  createGraph: 4,
  createTasks: 4,
  pauseGroup: 3,
  resumeGroup: 3,
  pauseTask: 2,
  resumeTask: 2,
  holdWorkgroup: 2,
  resumeWorkgroup: 2,
  holdWorker: 2,
  resumeWorker: 2,
  resetTask: 3,
  resetGroup: 1,
  retryTask: 2,
  retryGroup: 1,
  editTask: 3,
  completeTask: 1,
  deleteTask: 2,
  deleteGroup: 1,
} as const
export type Operation = keyof typeof OPERATIONS

/** What workers answer, and how often. */
export const ANSWERS = {
  success: 12,
  children: 4,
  error: 4,
  refusal: 1,
  rateLimit: 2,
  delays: 1,
  accepted: 2,
  silence: 1,
  garbage: 1,
} as const
export type Answer = keyof typeof ANSWERS

/** What a run is made of: each seed takes a part of everything (swarm testing), as all at once hides what two alone would show. */
export interface Plan {
  readonly seed: number
  readonly faults: ReadonlySet<Fault>
  readonly operations: ReadonlySet<Operation>
  readonly answers: ReadonlySet<Answer>
  /** People pause, edit and delete, and clean up when the weather is fair; else everything has to find its end by itself. */
  readonly isAttended: boolean
  /** Of the workgroup `limited`. */
  readonly maxConcurrent: number
  readonly maxInFlightPerWorker: number
  /** Between two operations, on average. */
  readonly pauseMs: number
}

/** What nobody sees to has to go on all the same: an hour that a wrong clock adds is the one thing that asks for a person. */
const UNATTENDED_PART = 0.2

/** A rollback loses acknowledged writes, so that fewer promises can be checked beside it. */
const ROLLBACK_PART = 0.1

export function planOf(seed: number): Plan {
  const chance = makeChance(seed)
  const some = <Name extends string>(all: Readonly<Record<Name, number>>, part: number): Name[] =>
    (Object.keys(all) as Name[]).filter(() => chance.happens(part))
  const faults: Fault[] = some(FAULTS, 0.4).filter((fault) => fault !== 'rollback')
  if (chance.happens(ROLLBACK_PART)) faults.push('rollback')
  const isAttended = !chance.happens(UNATTENDED_PART)
  const operations: Operation[] = ['createGraph', ...some(OPERATIONS, 0.6)]
  return {
    seed,
    isAttended,
    faults: new Set(isAttended ? faults : faults.filter((fault) => fault !== 'clockJump')),
    operations: new Set(isAttended ? operations : ['createGraph', 'createTasks']),
    answers: new Set(['success', ...some(ANSWERS, 0.5)]),
    maxConcurrent: chance.between(1, 3),
    maxInFlightPerWorker: chance.between(2, 6),
    pauseMs: chance.between(30, 200),
  }
}

/** One of those that the plan has, by how often each is chosen. */
export function choose<Name extends string>(
  chance: Chance,
  names: ReadonlySet<Name>,
  weights: Readonly<Record<Name, number>>,
): Name {
  const all = [...names]
  const total = all.reduce((sum, name) => sum + weights[name], 0)
  let left = chance.next() * total
  for (const name of all) {
    left -= weights[name]
    if (left < 0) return name
  }
  return all.at(-1) as Name
}

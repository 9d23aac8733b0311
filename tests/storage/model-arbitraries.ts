import fc from 'fast-check'
import type { HoldKind, HoldScope } from '../../server/core/change-set.ts'
import type { GateLimits, GateScope } from '../../server/core/gate.ts'
import { failurePolicies } from '../../server/core/group-settings.ts'
import { Hold } from '../../server/core/task.ts'
import { type Edit, type Flaw, keys, type TaskSeed } from './model-edits.ts'

const index = fc.nat({ max: 1_000 })
const delay = fc.constantFrom(0, 0, 0, -1_000, 1, 500, 2_000, 10_000)
const ahead = fc.constantFrom(1, 500, 2_000, 10_000)
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 9)
const sometimes = fc.integer({ min: 0, max: 3 }).map((n) => n === 3)
const name = fc.nat({ max: 5 })
const scope = fc.constantFrom<HoldScope>('workgroup', 'worker')
const gateScope = fc.constantFrom<GateScope>('workgroup', 'workgroup', 'worker', 'worker', 'all')
const holdKind = fc.constantFrom<HoldKind>('manual', 'rateLimit', 'delay', 'breaker', 'breaker')
const interval = fc.constantFrom(0, 7, 100 / 3, 500, 4_000)
/** Whole limits are compared, also with what an engine has read again. */
const plain = { noNullPrototype: true } as const
const gateRate = fc.record(
  {
    count: fc.integer({ min: 1, max: 7 }),
    perMs: fc.constantFrom(10, 1_000, 1_000, 60_000),
    burst: fc.integer({ min: 1, max: 4 }),
  },
  plain,
)
const gateLimits: fc.Arbitrary<GateLimits | null> = fc.option(
  fc.record(
    {
      maxConcurrent: fc.option(fc.integer({ min: 0, max: 6 })),
      rate: fc.option(gateRate),
      rampStepMs: fc.constantFrom(0, 100, 1_000),
    },
    plain,
  ),
  { freq: 2 },
)

export const taskSeed: fc.Arbitrary<TaskSeed> = fc.record({
  parents: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(index, { maxLength: 5 }) },
  ),
  key: fc.nat({ max: keys.length - 1 }),
  worker: name,
  workgroup: name,
  priority: fc.integer({ min: -1, max: 1 }),
  delay,
  holds: fc.constantFrom(0, 0, 0, 0, 0, 0, Hold.paused, Hold.exhausted, Hold.exhausted | Hold.passed, Hold.complete),
  weight: fc.nat({ max: 2 }),
})

const kindOf = <Kind extends Edit['kind']>(kind: Kind): fc.Arbitrary<Kind> => fc.constant(kind)
const policy = fc.constantFrom(...failurePolicies)
const flaw = fc.constantFrom<Flaw>(
  'none',
  'none',
  'none',
  'none',
  'none',
  'none',
  'none',
  'takenId',
  'unknownParent',
  'unknownGroup',
  'wrongDuplicates',
)

const edits: readonly { weight: number; arbitrary: fc.Arbitrary<Edit> }[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      kind: kindOf('insert'),
      group: name,
      tasks: fc.array(taskSeed, { minLength: 1, maxLength: 4 }),
      flaw,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kindOf('putGroup'), group: name, isPaused: rarely, isStopped: sometimes, policy }),
  },
  {
    weight: 1,
    // The other bits have to do with children, or with another bit.
    arbitrary: fc.record({ kind: kindOf('resume'), group: name, hold: fc.constant(Hold.paused) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: kindOf('succeed'),
      lease: index,
      isOld: sometimes,
      isStale: fc.boolean(),
      children: fc.array(taskSeed, { maxLength: 2 }),
      areChildrenFirst: fc.boolean(),
      delay,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('fail'),
      lease: index,
      isOld: sometimes,
      delay: ahead,
      isLast: rarely,
      isNarrowing: rarely,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('reset'), task: index, isStale: rarely }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('finish'), task: index, isStale: rarely }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('delete'), task: index, isStale: rarely }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('edit'),
      task: index,
      isStale: rarely,
      seed: taskSeed,
      field: fc.nat({ max: 9 }),
    }),
  },
  { weight: 0.5, arbitrary: fc.record({ kind: kindOf('deleteGroup'), group: name }) },
  { weight: 0.5, arbitrary: fc.record({ kind: kindOf('finishGroup'), group: name }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('retireGroup'), group: name }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('retireFailed'), group: name }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('hold'), scope, name, delay: ahead, as: holdKind }) },
  { weight: 2.5, arbitrary: fc.record({ kind: kindOf('release'), scope, name, onlyBreaker: sometimes }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('limit'), scope: gateScope, name, limits: gateLimits }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kindOf('pace'),
      scope,
      name,
      intervals: fc.tuple(interval, interval),
      delay: ahead,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('narrow'), scope, name, agoMs: ahead }) },
].map(({ weight, arbitrary }) => ({ weight: Math.ceil(weight * 2), arbitrary }))

/** Any edit, the everyday ones more often. */
export const anyEdit: fc.Arbitrary<Edit> = fc.oneof(...edits)

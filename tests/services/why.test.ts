import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change, HoldKind } from '../../server/core/change-set.ts'
import type { Reason, ReasonCode } from '../../server/core/eligibility.ts'
import { type GateLimits, type GateScope, NO_LIMITS } from '../../server/core/gate.ts'
import { FOREVER } from '../../server/core/time.ts'
import { pauseGroup, resumeGroup } from '../../server/services/groups.ts'
import { createTask, explainTask, retryTask, updateTask } from '../../server/services/tasks.ts'
import type { ClaimedTask } from '../../storage/task-storage.ts'
import { changeSet } from '../support/changes.ts'
import { openServiceWorld, type ServiceWorld } from '../support/service-world.ts'

/** Leases outlive the test: what runs ends only when it is finished. */
const LEASE_MS = 1_000_000_000
const names: Readonly<Record<GateScope, string>> = { all: '', worker: 'w', workgroup: 'ads' }
const target = { taskId: 'target' }

/** A world with a group `g`, in which tasks of worker `w` and workgroup `ads` come and go. */
async function openTraffic() {
  const world = await openServiceWorld()
  await world.graph([])
  const running: ClaimedTask[] = []
  let made = 0

  const commit = (...changes: Change[]) => world.storage.commit([changeSet({ changes })])
  const claim = async (): Promise<ClaimedTask[]> => {
    const slots = { limit: 100, slots: new Map(), slotsPerWorker: 100, maxLeasesPerWorker: 100 }
    return (await world.storage.claim({ ...slots, until: world.clock.now() + LEASE_MS })).tasks
  }

  return {
    world,
    commit,
    claim,
    /** One more that runs, if there is room for it; else it goes away again. */
    async start(fields: object = {}): Promise<void> {
      const id = `other-${++made}`
      await createTask(world.context, 'g', { id, worker: 'w', workgroup: 'ads', ...fields })
      const tasks = await claim()
      if (tasks.length === 0) await commit({ kind: 'deleteTask', taskId: id })
      running.push(...tasks)
    },
    async finish(): Promise<void> {
      const claimed = running.shift()
      if (claimed) await world.finish(claimed)
    },
    get running() {
      return running
    },
    why: () => explainTask(world.context, target),
  }
}
type Traffic = Awaited<ReturnType<typeof openTraffic>>

const limit = (scope: GateScope, limits: Partial<GateLimits> | null): Change => ({
  kind: 'limitWork',
  scope,
  name: names[scope],
  limits: limits && { ...NO_LIMITS, ...limits },
})

const hold = (
  world: ServiceWorld,
  scope: 'worker' | 'workgroup',
  { ms, kind = 'manual' }: { ms: number; kind?: HoldKind },
): Change => {
  const now = world.clock.now()
  const until = Math.min(now + ms, FOREVER)
  const asked = { since: now, taskId: '', source: '', probeMs: kind === 'breaker' ? 1000 : 0 }
  return { kind: 'holdWork', hold: { scope, name: names[scope], until, reason: 'r', kind, ...asked } }
}

describe('a task that waits for a gate', () => {
  test('says which limit, until when, and how many of its group and worker are ahead', async () => {
    const { world, commit, start, why } = await openTraffic()
    await commit(limit('workgroup', { rate: { count: 1, perMs: 10_000, burst: 1 } }))
    await start()
    await createTask(world.context, 'g', { id: 'first', worker: 'w', workgroup: 'ads', priority: 1 })
    await createTask(world.context, 'g', { id: 'target', worker: 'w', workgroup: 'ads' })
    expect(await why()).toEqual({
      state: 'ready',
      ahead: 1,
      reasons: [
        {
          code: 'workgroup_rate_limited',
          message: 'Its workgroup ads has used up its rate, 1 in 10 s.',
          until: world.clock.now() + 10_000,
          ref: 'ads',
        },
      ],
    })
  })

  test('names each of its gates that has no room', async () => {
    const { world, commit, start, why } = await openTraffic()
    await start()
    for (const scope of ['all', 'worker', 'workgroup'] as const) await commit(limit(scope, { maxConcurrent: 1 }))
    await createTask(world.context, 'g', { id: 'target', worker: 'w', workgroup: 'ads' })
    expect((await why()).reasons.map(({ code }) => code)).toEqual(['workgroup_full', 'worker_full', 'server_full'])
  })

  test('that no hold, limit or turn keeps back has nobody ahead', async () => {
    const { world, why } = await openTraffic()
    await createTask(world.context, 'g', { id: 'target', worker: 'w' })
    expect(await why()).toMatchObject({ reasons: [{ code: 'ready' }], ahead: 0 })
  })
})

const scopes = fc.constantFrom<GateScope>('all', 'worker', 'workgroup')
const holdable = fc.constantFrom<'worker' | 'workgroup'>('worker', 'workgroup')
const limits = fc.record({
  maxConcurrent: fc.constantFrom(null, 1, 2),
  rate: fc.constantFrom(null, { count: 1, perMs: 1000, burst: 1 }, { count: 2, perMs: 500, burst: 2 }),
  rampStepMs: fc.constantFrom(0, 300, 1000),
})

/** Something that happens to the gates; a failing run shows `what`. */
interface Step {
  readonly what: string
  run(traffic: Traffic): Promise<unknown>
}

/** What happens before somebody asks. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(scopes, limits).map(
    ([scope, set]): Step => ({
      what: `limit ${scope} ${JSON.stringify(set)}`,
      run: ({ commit }) => commit(limit(scope, set)),
    }),
  ),
  fc
    .tuple(holdable, fc.constantFrom(400, 2500, FOREVER), fc.constantFrom<HoldKind>('manual', 'rateLimit', 'breaker'))
    .map(
      ([scope, ms, kind]): Step => ({
        what: `hold ${scope} ${ms} ${kind}`,
        run: ({ world, commit }) => commit(hold(world, scope, { ms, kind })),
      }),
    ),
  fc.tuple(holdable, fc.boolean()).map(
    ([scope, isBreaker]): Step => ({
      what: `release ${scope} ${isBreaker}`,
      run: ({ commit }) =>
        commit({ kind: 'releaseWork', scope, name: names[scope], ...(isBreaker && { onlyBreaker: true }) }),
    }),
  ),
  fc.tuple(holdable, fc.constantFrom(70, 700)).map(
    ([scope, intervalMs]): Step => ({
      what: `pace ${scope} ${intervalMs}`,
      run: ({ world, commit }) => {
        const until = world.clock.now() + 3000
        const pace = { intervalMs, until, laterIntervalMs: 40, expiresAt: until + 2000 }
        return commit({ kind: 'paceWork', scope, name: names[scope], pace })
      },
    }),
  ),
  holdable.map(
    (scope): Step => ({
      what: `narrow ${scope}`,
      run: ({ world, commit }) =>
        commit({ kind: 'narrowWork', scope, name: names[scope], startedAt: world.clock.now() }),
    }),
  ),
  fc.constant({ what: 'start', run: ({ start }: Traffic) => start() }),
  fc.constant({ what: 'finish', run: ({ finish }: Traffic) => finish() }),
  fc.constantFrom(1, 130, 1000, 4000).map(
    (ms): Step => ({
      what: `wait ${ms}`,
      run: async ({ world }) => world.clock.advance(ms),
    }),
  ),
)

/** What a task may be in besides. */
const situations = fc.record({
  isPaused: fc.boolean(),
  isGroupPaused: fc.boolean(),
  hasParent: fc.boolean(),
  hasTwin: fc.boolean(),
  isExhausted: fc.boolean(),
  inWorkgroup: fc.boolean(),
  dueIn: fc.constantFrom(0, 0, 900),
})
/** Mostly nothing of it, so that gates are what is met. */
const situation: fc.Arbitrary<Situation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ inWorkgroup: true, dueIn: 0 }) },
  { weight: 1, arbitrary: situations },
)
interface Situation {
  readonly inWorkgroup: boolean
  readonly dueIn: number
  readonly isPaused?: boolean
  readonly isGroupPaused?: boolean
  readonly hasParent?: boolean
  readonly hasTwin?: boolean
  readonly isExhausted?: boolean
}

async function createTarget({ world, start }: Traffic, given: Situation): Promise<void> {
  if (given.hasTwin) await start({ key: 'k', workgroup: '' })
  if (given.hasParent) await createTask(world.context, 'g', { id: 'parent', worker: 'w', remainingAttempts: 0 })
  if (given.isGroupPaused) await pauseGroup(world.context, 'g')
  await createTask(world.context, 'g', {
    id: 'target',
    worker: 'w',
    workgroup: given.inWorkgroup ? 'ads' : '',
    key: given.hasTwin ? 'k' : '',
    isPaused: given.isPaused ?? false,
    remainingAttempts: given.isExhausted ? 0 : 5,
    runAfter: given.dueIn > 0 ? world.clock.now() + given.dueIn : 0,
    parentIds: given.hasParent ? ['parent'] : [],
  })
}

/** What somebody does about a reason that does not end by itself. */
async function remedy({ world, commit, running, finish }: Traffic, { code, ref }: Reason): Promise<void> {
  const scopeOf: Partial<Record<ReasonCode, GateScope>> = {
    workgroup_full: 'workgroup',
    worker_full: 'worker',
    server_full: 'all',
  }
  const full = scopeOf[code]
  if (full) return void (await commit(limit(full, null)))
  switch (code) {
    case 'paused':
      return void (await updateTask(world.context, target, { isPaused: false }))
    case 'group_paused':
      return resumeGroup(world.context, 'g')
    case 'no_attempts_left':
      return void (await retryTask(world.context, target, { remainingAttempts: 1 }))
    case 'parent_unfinished':
      return void (await updateTask(world.context, { taskId: ref ?? '' }, { isComplete: true }))
    case 'duplicate_running':
      while (running.length > 0) await finish()
      return
    case 'workgroup_held':
    case 'worker_held':
    case 'breaker_open': {
      const scope = ref === names.worker ? 'worker' : 'workgroup'
      return void (await commit({ kind: 'releaseWork', scope, name: names[scope] }))
    }
    default:
      throw new Error(`nobody knows what to do about ${code}`)
  }
}

const textOf = ({ code, ref, until }: Reason): string => `${code} ${ref ?? ''} ${until ?? ''}`

/** Waits for a reason or does what it asks for: it was there until then, and is gone. */
async function remove(traffic: Traffic, reason: Reason): Promise<void> {
  const { world, why } = traffic
  const isThere = async () => (await why()).reasons.some((one) => textOf(one) === textOf(reason))
  if (reason.until === undefined) await remedy(traffic, reason)
  else {
    world.clock.set(reason.until - 1)
    expect([textOf(reason), await isThere()]).toEqual([textOf(reason), true])
    world.clock.set(reason.until)
  }
  expect([textOf(reason), await isThere()]).toEqual([textOf(reason), false])
}

const takesTarget = async ({ claim }: Traffic): Promise<boolean> =>
  (await claim()).some(({ task }) => task.id === 'target')

test('a claim takes a task exactly when why says that it is ready, and who removes the reasons one by one gets there', async () => {
  const run = async (given: Situation, before: readonly Step[]): Promise<void> => {
    const traffic = await openTraffic()
    for (const step of before) await step.run(traffic)
    await createTarget(traffic, given)
    for (let removed = 0; removed < 40; removed++) {
      const { reasons } = await traffic.why()
      if (reasons[0]?.code === 'ready' || reasons[0]?.code === 'succeeded') break
      expect([reasons.map(textOf), await takesTarget(traffic)]).toEqual([reasons.map(textOf), false])
      await remove(traffic, reasons[0] as Reason)
    }
    const { reasons } = await traffic.why()
    if (reasons[0]?.code === 'succeeded') return
    expect([reasons.map(textOf), await takesTarget(traffic)]).toEqual([['ready  '], true])
  }
  await fc.assert(
    fc.asyncProperty(situation, fc.array(steps, { maxLength: 12 }), (given, before) => run(given, before)),
    { numRuns: 150 },
  )
})

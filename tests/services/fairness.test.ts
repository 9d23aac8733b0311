import { describe, expect, test } from 'vitest'
import type { Change } from '../../server/core/change-set.ts'
import { type GateLimits, NO_LIMITS } from '../../server/core/gate.ts'
import type { ClaimedTask } from '../../storage/task-storage.ts'
import { changeSet, insertTask } from '../support/changes.ts'
import { makeTask } from '../support/make.ts'
import { LEASE_MS, openServiceWorld, type ServiceWorld } from '../support/service-world.ts'

/** A worker that is always as busy as it may be. */
const SLOTS = 10
/** How far apart two attempts end. */
const STEP_MS = 10

const inWorkgroup = (limits: Partial<GateLimits>): Change => ({
  kind: 'limitWork',
  scope: 'workgroup',
  name: 'ads',
  limits: { ...NO_LIMITS, ...limits },
})

const worlds: readonly [string, Change[]][] = [
  ['without a limit', []],
  ['with a limit of the workgroup that both share', [inWorkgroup({ maxConcurrent: 5 })]],
  ['with a rate of the workgroup that both share', [inWorkgroup({ rate: { count: 50, perMs: 1000, burst: 1 } })]],
]

describe('a group of 100,000 tasks', () => {
  test.each(worlds)('delays a new group of 10 by no more than a few attempts, %s', async (_, limits) => {
    const world = await openServiceWorld()
    await world.storage.commit([changeSet({ changes: limits })])
    await fill(world, 'big', 100_000)
    const runner = makeRunner(world)
    await runner.run(30)
    await fill(world, 'small', 10)
    const started = await runner.run(1000, (ids) => ids.filter((id) => id.startsWith('small')).length === 10)
    const small = started.flatMap((id, at) => (id.startsWith('small') ? [at] : []))
    expect(small).toHaveLength(10)
    expect(small[0]).toBeLessThanOrEqual(2)
    expect(small[9]).toBeLessThanOrEqual(22)
  })
})

describe('priority', () => {
  test.each(worlds)('lets tasks of a group start before all that wait in it, %s', async (_, limits) => {
    const world = await openServiceWorld()
    await world.storage.commit([changeSet({ changes: limits })])
    await fill(world, 'big', 1000)
    const runner = makeRunner(world)
    await runner.run(30)
    await fill(world, 'urgent', 3, { groupId: 'big', priority: 1 })
    const started = await runner.run(1000, (ids) => ids.length >= 5)
    expect(started.slice(0, 3)).toEqual(['urgent-0', 'urgent-1', 'urgent-2'])
  })
})

test('many groups in one workgroup with a limit take turns', async () => {
  const world = await openServiceWorld()
  await world.storage.commit([changeSet({ changes: [inWorkgroup({ maxConcurrent: 2 })] })])
  const groups = Array.from({ length: 20 }, (_, at) => `g${at}`)
  for (const group of groups) await fill(world, group, 50)
  const started = await makeRunner(world).run(400, (ids) => ids.length >= 200)
  expect(started.length).toBeGreaterThanOrEqual(200)
  const perGroup = groups.map((group) => started.filter((id) => id.startsWith(`${group}-`)).length)
  expect(Math.max(...perGroup) - Math.min(...perGroup)).toBeLessThanOrEqual(2)
})

/** A group with so many tasks of worker `w` in workgroup `ads`. */
async function fill(world: ServiceWorld, prefix: string, count: number, fields: object = {}): Promise<void> {
  const groupId = 'groupId' in fields ? {} : { groupId: prefix }
  if ('groupId' in groupId) await world.graph([], { id: prefix })
  const createdAt = world.clock.now()
  for (let from = 0; from < count; from += 1000) {
    const tasks = Array.from({ length: Math.min(1000, count - from) }, (_, at) =>
      makeTask({ id: `${prefix}-${from + at}`, worker: 'w', workgroup: 'ads', createdAt, ...groupId, ...fields }),
    )
    await world.storage.commit([changeSet({ changes: tasks.map(insertTask) })])
  }
}

/** Ends the attempt that is the longest under way, again and again, and claims what fits. */
function makeRunner(world: ServiceWorld) {
  const running: ClaimedTask[] = []

  async function claim(): Promise<string[]> {
    const { tasks } = await world.storage.claim({
      limit: SLOTS - running.length,
      slots: new Map([['w', SLOTS - running.length]]),
      slotsPerWorker: SLOTS,
      maxLeasesPerWorker: SLOTS,
      until: world.clock.now() + LEASE_MS,
    })
    running.push(...tasks)
    return tasks.map(({ task }) => task.id)
  }

  return {
    /** Answers what started, in order. */
    async run(steps: number, isDone: (started: readonly string[]) => boolean = () => false): Promise<string[]> {
      const started: string[] = []
      for (let step = 0; step < steps && !isDone(started); step++) {
        world.clock.advance(STEP_MS)
        const oldest = running.shift()
        if (oldest) await world.finish(oldest)
        started.push(...(await claim()))
      }
      return started
    },
  }
}

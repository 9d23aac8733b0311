import { describe, expect, test } from 'vitest'
import { reapLeases } from '../../server/controller/lease-reaper.ts'
import { MAX_GIVEN_BACK } from '../../server/core/attempt.ts'
import { groupStateOf } from '../../server/core/task-group.ts'
import { getGroup, updateGroup } from '../../server/services/groups.ts'
import { answer } from '../support/attempts.ts'
import { patchTask } from '../support/changes.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'
import { noObserver } from '../support/no-observer.ts'
import { LEASE_MS } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const bad = answer({ error: 'no' })
const once = (id: string, parentIds: string[] = []) => ({ id, parentIds, remainingAttempts: 1 })

/** Leases of a server that died are over, and another one looks at them. */
function reap({ storage, clock, book, figures }: ControllerWorld): Promise<number> {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  clock.advance(LEASE_MS)
  return reapLeases({
    storage,
    clock,
    book,
    random: () => 0,
    logger,
    figures,
    observer: noObserver,
    isOwn: () => false,
  })
}

/** Tasks that run for the last time and are lost. */
async function lose(world: ControllerWorld, ids: readonly string[]): Promise<void> {
  const changes = ids.map((id) => patchTask(id, { givenBack: MAX_GIVEN_BACK }))
  await world.storage.commit([{ guards: [], changes, events: [] }])
  await world.claim()
  await reap(world)
}

describe('with failFast', () => {
  test('of tasks that fail at the same moment one is the cause, and all count once', async () => {
    const world = await openControllerWorld()
    await world.graph([once('a'), once('b'), once('c'), once('below', ['a'])], { onTaskFailure: 'failFast' })
    await world.advance()
    for (const id of ['b', 'a', 'c']) world.workers.call(id).reply(bad)
    await world.advance(1000)
    const group = await getGroup(world.context, 'g')
    expect([groupStateOf(group), group.epoch, group.counts.failed]).toEqual(['failed', 1, 3])
    expect(['a', 'b', 'c']).toContain(group.stoppedBy?.taskId)
    for (const id of ['a', 'b', 'c']) {
      expect(await world.load(id)).toMatchObject({ errors: ['no'], attempts: 1 })
      expect(await world.storage.listAttempts(id)).toHaveLength(1)
    }
    expect(world.workers.calls.map(({ taskId }) => taskId).sort()).toEqual(['a', 'b', 'c'])
  })

  test('a failure that meets a change of its group is decided by what the group is then', async () => {
    let isFirst = true
    const world: ControllerWorld = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async commit(changeSets) {
            const stops = changeSets.some(({ changes }) => changes.some(({ kind }) => kind === 'putGroup'))
            if (stops && isFirst) {
              isFirst = false
              await updateGroup(world.context, 'g', { onTaskFailure: 'continue' })
            }
            return storage.commit(changeSets)
          },
        }),
    })
    await world.graph([once('a'), once('below', ['a'])], { onTaskFailure: 'failFast' })
    await world.advance()
    await world.reply('a', bad)
    expect((await getGroup(world.context, 'g')).stoppedBy).toBeNull()
    await world.reply('below')
    expect((await getGroup(world.context, 'g')).counts).toMatchObject({ failed: 1, succeeded: 1 })
  })

  test('attempts that are lost once too often stop the group, also several at once', async () => {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph([once('a'), once('b'), once('below', ['a'])], { onTaskFailure: 'failFast' })
    await lose(world, ['a', 'b'])
    const group = await getGroup(world.context, 'g')
    expect([groupStateOf(group), group.epoch, group.counts.failed]).toEqual(['failed', 1, 2])
  })
})

describe('with continue', () => {
  test('attempts that are lost once too often let what is below them go on', async () => {
    const world = await openControllerWorld({ isStarted: false })
    await world.graph([once('a'), once('b'), once('below', ['a', 'b'])], { onTaskFailure: 'continue' })
    await lose(world, ['a', 'b'])
    expect(await world.runAll()).toEqual(['below'])
  })

  test('what an answer delays below a task that fails for good waits before it goes on', async () => {
    const world = await openControllerWorld()
    await world.graph([once('a'), once('below', ['a'])], { onTaskFailure: 'continue' })
    await world.advance()
    await world.reply('a', answer({ error: 'no', childrenDelayInSeconds: 5 }))
    expect(world.workers.calls).toHaveLength(1)
    await world.advance(5000)
    await world.reply('below')
    expect((await getGroup(world.context, 'g')).counts).toMatchObject({ failed: 1, succeeded: 1 })
  })
})

test('a group is read for a failure for good alone', async () => {
  let reads = 0
  const world = await openControllerWorld({
    wrap: (storage) =>
      wrapStorage(storage, {
        findGroup(id) {
          reads++
          return storage.findGroup(id)
        },
      }),
  })
  await world.graph([{ id: 'good' }, { id: 'bad', remainingAttempts: 2, errorDelayInSeconds: 1 }])
  await world.advance()
  await world.reply('good')
  await world.reply('bad', bad)
  expect(reads).toBe(0)
  await world.advance(1000)
  await world.reply('bad', bad)
  expect(reads).toBe(1)
})

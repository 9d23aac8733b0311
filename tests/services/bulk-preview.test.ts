import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { previewBulk } from '../../server/services/bulk.ts'
import { pauseGroup } from '../../server/services/groups.ts'
import { answer } from '../support/attempts.ts'
import { failedTasks, inGroup, matching, openBulk, retryTasks } from '../support/bulk-world.ts'
import { refusalOf } from '../support/service-world.ts'

const TEN_MINUTES = 600_000

describe('a preview', () => {
  test('tells whom a filter meets, and changes nothing', async () => {
    const world = await openBulk()
    await world.graph([...failedTasks(3), { id: 'ok', isComplete: true }, { id: 'later', worker: 'v' }], { name: 'G' })
    const before = await world.loadAll()
    const preview = await previewBulk(world.bulk, retryTasks, inGroup)
    expect(preview).toEqual({
      snapshot: { ...retryTasks, id: preview.snapshot.id, total: 4, expiresAt: world.clock.now() + TEN_MINUTES },
      count: 4,
      byState: { failed: 3, ready: 1 },
      byGroup: [{ id: 'g', name: 'G', count: 4 }],
      skipped: [{ reason: 'is complete', count: 1 }],
      samples: [
        { id: 't0', name: '', state: 'failed' },
        { id: 't1', name: '', state: 'failed' },
        { id: 't2', name: '', state: 'failed' },
        { id: 'later', name: '', state: 'ready' },
      ],
    })
    expect(await world.loadAll()).toEqual(before)
  })

  test('of a filter without a group looks through all groups', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a', remainingAttempts: 0 }, { id: 'b' }], { id: 'g1' })
    await world.graph([{ id: 'c', remainingAttempts: 0, worker: 'v' }], { id: 'g2' })
    await world.graph([{ id: 'd' }], { id: 'g3' })
    expect(await world.order({}, matching({ states: ['failed'] }))).toMatchObject({ count: 2 })
    expect(await world.order({}, matching({ states: ['failed', 'ready'] }))).toMatchObject({ count: 4 })
    expect(await world.order({}, matching({ worker: 'v' }))).toMatchObject({ count: 1 })
    expect(await world.order({}, matching({ search: 'C' }))).toMatchObject({ count: 1 })
  })

  test('of an error meets the tasks that fail by it now', async () => {
    const world = await openBulk()
    await world.graph([{ id: 'a' }, { id: 'b', remainingAttempts: 1 }, { id: 'c' }, { id: 'd' }])
    const replies: Record<string, object> = {
      a: { error: 'no row 17' },
      b: { error: 'no row 4' },
      c: { error: 'away' },
    }
    for (const claimed of await world.claim()) await world.finish(claimed, answer(replies[claimed.task.id] ?? {}))
    const error = fingerprintOf('no row 1')
    const { samples } = await previewBulk(world.bulk, retryTasks, matching({ error }))
    expect(samples.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(['a retrying', 'b failed'])
    expect(await world.order({}, matching({ error, states: ['failed'] }))).toMatchObject({ count: 1 })
  })

  test('of ids tells which do not exist', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(2))
    const { count, skipped } = await previewBulk(world.bulk, retryTasks, { ids: ['t0', 't1', 'x', 'y'] })
    expect({ count, skipped }).toEqual({ count: 2, skipped: [{ reason: 'does not exist', count: 2 }] })
  })

  test('of groups counts them by their states, and their tasks', async () => {
    const world = await openBulk()
    await world.graph(failedTasks(2, 'a'), { id: 'a', name: 'A' })
    await world.graph([{ id: 'b0' }], { id: 'b', name: 'B' })
    await pauseGroup(world.context, 'b')
    const order = { ...retryTasks, action: 'pause', target: 'groups' } as const
    expect(await previewBulk(world.bulk, order, matching({}))).toMatchObject({
      count: 1,
      byState: { failed: 1 },
      byGroup: [{ id: 'a', name: 'A', count: 2 }],
      skipped: [{ reason: 'is paused already', count: 1 }],
      samples: [{ id: 'a', name: 'A', state: 'failed' }],
    })
    expect(await world.order(order, matching({ states: ['active'] }))).toMatchObject({ count: 0 })
    expect(await world.order(order, matching({ taskGroup: 'a' }))).toMatchObject({ count: 1 })
    expect(await world.order(order, matching({ taskGroup: 'a', search: 'B' }))).toMatchObject({ count: 0 })
    expect(await world.order(order, { ids: ['a', 'nobody'] })).toMatchObject({ count: 1 })
  })

  test('of a group that is not there is refused', async () => {
    const world = await openBulk()
    await refusalOf('group_not_found', world.order({}, inGroup))
  })
})

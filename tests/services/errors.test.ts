import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { getError, listErrors } from '../../server/services/errors.ts'
import { answer } from '../support/attempts.ts'
import { openServiceWorld, refusalOf, type ServiceWorld } from '../support/service-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const page = { page: 1, pageSize: 20 }

/** Groups `g` and `h` whose tasks failed: by rows that were not found, and one by a server that is away. */
async function openFailing(): Promise<ServiceWorld> {
  const world = await openServiceWorld()
  await world.graph([{ id: 'g0' }, { id: 'g1', remainingAttempts: 1 }, { id: 'g2', worker: 'v' }, { id: 'ok' }])
  await world.graph([{ id: 'h0', worker: 'v' }], { id: 'h' })
  for (const { task, token, ...rest } of await world.claim()) {
    const reply = replies[task.id] ?? answer({})
    await world.finish({ task, token, ...rest }, reply)
    world.clock.advance(1000)
  }
  return world
}

const replies: Readonly<Record<string, ReturnType<typeof answer>>> = {
  g0: answer({ error: 'no row 17' }, 404),
  g1: answer({ error: 'no row 4' }),
  g2: answer({ error: 'away' }),
  h0: answer({ error: 'no row 5' }),
}

describe('errors', () => {
  test('of all groups are listed by kind, with who fails by them and since when', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', remainingAttempts: 1 }])
    await world.graph([{ id: 'c', worker: 'v' }], { id: 'h' })
    const [start, said] = [
      world.clock.now(),
      new Map([
        ['a', 'no row 1'],
        ['b', 'no row 2'],
        ['c', 'no row 3'],
      ]),
    ]
    for (const id of ['a', 'b', 'c']) {
      await world.finish(await world.claimTask(id), answer({ error: said.get(id) }))
      world.clock.advance(1000)
    }
    const { errors, ...rest } = await listErrors(world.context, {})
    expect(rest).toEqual({ scanned: 3, isPartial: false })
    expect(errors).toMatchObject([
      {
        fingerprint: fingerprintOf('no row 9'),
        message: 'no row <n>',
        workers: ['w', 'v'],
        statusCode: 200,
        count: 3,
        failed: 1,
        retrying: 2,
        groups: 2,
        firstSeenAt: start,
        lastSeenAt: start + 2000,
        sample: { id: 'c', groupId: 'h' },
      },
    ])
  })

  test('of a group or a worker leave out the others', async () => {
    const world = await openFailing()
    const countsOf = async (scan: object) =>
      Object.fromEntries((await listErrors(world.context, scan)).errors.map(({ message, count }) => [message, count]))
    expect(await countsOf({})).toEqual({ 'HTTP 404: no row <n>': 1, 'no row <n>': 2, away: 1 })
    expect(await countsOf({ taskGroup: 'h' })).toEqual({ 'no row <n>': 1 })
    expect(await countsOf({ worker: 'v' })).toEqual({ 'no row <n>': 1, away: 1 })
    expect(await countsOf({ worker: 'v', taskGroup: 'g' })).toEqual({ away: 1 })
  })

  test('are those of tasks that fail now', async () => {
    const world = await openFailing()
    world.clock.advance(3_600_000)
    // Due again, so neither failed nor retrying.
    expect((await listErrors(world.context, {})).errors.map(({ message }) => message)).toEqual(['no row <n>'])
    await refusalOf('group_not_found', listErrors(world.context, { taskGroup: 'nobody' }))
  })

  test('that are more than anybody reads are told in part', async () => {
    const world = await openServiceWorld()
    const words = Array.from({ length: 101 }, (_, at) =>
      String.fromCharCode(97 + (at % 26)).repeat(1 + Math.floor(at / 26)),
    )
    await world.graph(words.map((word) => ({ id: word })))
    for (const claimed of await world.claim()) await world.finish(claimed, answer({ error: claimed.task.id }))
    const { errors, isPartial } = await listErrors(world.context, {})
    expect([errors.length, isPartial]).toEqual([100, true])
  })

  test('of more than ten thousand tasks are those of the newest', async () => {
    const world = await openFailing()
    const [failed] = await world.storage.listFailing({ groupId: 'g', limit: 1 })
    if (!failed) throw new Error('it failed')
    const many = world.through(
      wrapStorage(world.storage, {
        listFailing: async ({ limit }) => Array.from({ length: limit }, (_, at) => ({ ...failed, id: `${at}` })),
        listNewestErrors: async (ids) => ids.map((taskId) => ({ taskId, error: 'HTTP 404: no row 3' })),
      }),
    )
    expect(await listErrors(many, { taskGroup: 'g' })).toMatchObject({
      errors: [{ count: 10_000 }],
      scanned: 10_000,
      isPartial: true,
    })
  })

  test('are told without looking at groups or at whole tasks', async () => {
    const world = await openFailing()
    const notAsked = () => Promise.reject(new Error('it is not to be asked'))
    const watched = world.through(
      wrapStorage(world.storage, { listTasks: notAsked, listGroups: notAsked, getTasks: notAsked, getGroup: notAsked }),
    )
    expect(await listErrors(watched, {})).toEqual(await listErrors(world.context, {}))
  })

  test('of tasks that all changed since they were looked at are not told', async () => {
    const world = await openFailing()
    const late = world.through(
      wrapStorage(world.storage, {
        listNewestErrors: async (ids) => ids.map((taskId) => ({ taskId, error: 'something else' })),
      }),
    )
    expect(await listErrors(late, {})).toEqual({ errors: [], scanned: 4, isPartial: false })
    await refusalOf('error_not_found', getError(late, fingerprintOf('away'), page))
  })
})

describe('one error', () => {
  test('tells its tasks in pages', async () => {
    const world = await openFailing()
    const fingerprint = fingerprintOf('no row 1')
    const { error, tasks, isPartial } = await getError(world.context, fingerprint, page)
    expect([error.count, isPartial]).toEqual([2, false])
    expect(tasks.map(({ task, state }) => [task.id, state])).toEqual([
      ['h0', 'retrying'],
      ['g1', 'failed'],
    ])
    const second = await getError(world.context, fingerprint, { page: 2, pageSize: 1 })
    expect(second.tasks.map(({ task }) => task.id)).toEqual(['g1'])
    const inGroup = await getError(world.context, fingerprint, { ...page, taskGroup: 'g' })
    expect([inGroup.error.count, inGroup.tasks.length]).toEqual([1, 1])
  })

  test('that nobody fails by is not there', async () => {
    const world = await openFailing()
    await refusalOf('error_not_found', getError(world.context, fingerprintOf('something else'), page))
    await refusalOf('error_not_found', getError(world.context, fingerprintOf('away'), { ...page, taskGroup: 'h' }))
  })
})

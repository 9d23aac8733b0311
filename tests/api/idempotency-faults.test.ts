import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import {
  away,
  countGroups,
  GROUPS,
  isReplayed,
  makeServer,
  makeServers,
  post,
  type Server,
  settled,
  shown,
  totals,
} from './idempotency-world.ts'
import { expectProblem, type Json, makeApi } from './make-api.ts'

test('a request that was refused for want of time before it began leaves its key free', async () => {
  let open: () => void = () => {}
  let isSlow = true
  const slow = new Promise<void>((resolve) => {
    open = resolve
  })
  const { servers } = await makeServers(2, {
    wrap: (storage) =>
      wrapStorage(storage, {
        async createRecord(...args) {
          if (isSlow) await slow
          return storage.createRecord(...args)
        },
      }),
  })
  const [{ api }, other] = servers as [Server, Server]
  const first = post(api, GROUPS, 'k1', { body: { name: 'one' } })
  await settled()
  api.tick(2_800)
  expectProblem(await first, 503, 'storage_unavailable')
  isSlow = false
  open()
  await settled()
  const again = await post(api, GROUPS, 'k1', { body: { name: 'one' } })
  expect(again.statusCode).toBe(200)
  expect(shown(await post(other.api, GROUPS, 'k1', { body: { name: 'one' } }))).toEqual(shown(again))
  expect(await countGroups(api)).toBe(1)
})

test('a request that is overtaken by its own repetition at another server has the answer of that', async () => {
  let go: () => void = () => {}
  const overtaken = new Promise<void>((resolve) => {
    go = resolve
  })
  let servers = 0
  const { servers: made } = await makeServers(2, {
    wrap: (storage) => {
      const isSlow = servers++ === 0
      return wrapStorage(storage, {
        async createRecord(key, ...args) {
          if (isSlow && key.startsWith('idempotency-turn:')) await overtaken
          return storage.createRecord(key, ...args)
        },
      })
    },
  })
  const [slow, quick] = made as [Server, Server]
  const first = post(slow.api, GROUPS, 'k1', { body: { name: 'one' } })
  await settled()
  const second = await post(quick.api, GROUPS, 'k1', { body: { name: 'one' } })
  expect(second.statusCode).toBe(200)
  go()
  expect(shown(await first)).toEqual(shown(second))
  expect(shown(await post(quick.api, GROUPS, 'k1', { body: { name: 'one' } }))).toEqual(shown(second))
})

describe('when nobody knows what happened', () => {
  const creations: readonly [string, string, Json][] = [
    ['a group', GROUPS, { name: 'one' }],
    ['a group with an id', GROUPS, { id: 'mine', name: 'one' }],
    [
      'a graph',
      `${GROUPS}/graph`,
      {
        tasks: [
          { id: 'b', worker: 'w', parentIds: ['a'] },
          { id: 'a', worker: 'w' },
        ],
      },
    ],
    ['a task', '/api/v1/task_group/g/tasks', { worker: 'w' }],
    ['a task with an id', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' }],
    ['a child', '/api/v1/task_group/g/tasks', { worker: 'w', parentIds: ['old'] }],
    ['tasks', '/api/v1/task_group/g/tasks/batch', { tasks: [{ worker: 'w' }, { worker: 'w' }, { worker: 'w' }] }],
    ['a copy', '/api/v1/task/old/pluck', {}],
    ['a run of a schedule', '/api/v1/schedule/s/run', undefined],
  ]

  test.each(creations)('%s that was created although the storage said otherwise is answered', async (_, url, body) => {
    const { api, failNext } = await makeFilledServer()
    failNext('after')
    expectProblem(await post(api, url, 'k1', { body }), 503, 'storage_unavailable')
    const after = await totals(api)
    api.clock.advance(60_000)
    const again = await post(api, url, 'k1', { body })
    expect(again.statusCode).toBe(200)
    expect(await totals(api)).toEqual(after)
    expect(shown(await post(api, url, 'k1', { body }))).toEqual(shown(again))
  })

  test.each(creations)('%s that was not created is created, once', async (_, url, body) => {
    const { api, failNext } = await makeFilledServer()
    const before = await totals(api)
    failNext('before')
    expectProblem(await post(api, url, 'k1', { body }), 503, 'storage_unavailable')
    expect(await totals(api)).toEqual(before)
    const first = await post(api, url, 'k1', { body })
    expect([first.statusCode, isReplayed(first)]).toEqual([200, false])
    const after = await totals(api)
    expect(after).not.toEqual(before)
    expect(shown(await post(api, url, 'k1', { body }))).toEqual(shown(first))
    expect(await totals(api)).toEqual(after)
  })

  test('what somebody else made meanwhile under the same id is not taken for it', async () => {
    const { api, failNext } = await makeServer()
    failNext('before')
    expectProblem(await post(api, GROUPS, 'k1', { body: { id: 'g' } }), 503, 'storage_unavailable')
    api.clock.advance(1)
    await api.json('POST', GROUPS, { id: 'g', name: 'of others' })
    expectProblem(await post(api, GROUPS, 'k1', { body: { id: 'g' } }), 409, 'duplicate_id')
  })

  test('a token that was made is not made again, as nobody was told its secret', async () => {
    let isLost = true
    const api = await makeApi({
      wrap: (storage) =>
        wrapStorage(storage, {
          async putRecord(key, value, expiresAt) {
            await storage.putRecord(key, value, expiresAt)
            if (isLost && key.startsWith('token/')) throw away()
          },
        }),
    })
    const body = { name: 'ci', role: 'viewer' }
    expectProblem(await post(api, '/api/v1/tokens', 'k1', { body }), 503, 'storage_unavailable')
    isLost = false
    for (const _ of [1, 2])
      expectProblem(await post(api, '/api/v1/tokens', 'k1', { body }), 409, 'idempotency_answer_not_kept')
    expect((await api.json('GET', '/api/v1/tokens')).count).toBe(1)
  })

  test('another body is still refused', async () => {
    const { api, failNext } = await makeServer()
    failNext('after')
    await post(api, GROUPS, 'k1', { body: {} })
    expectProblem(await post(api, GROUPS, 'k1', { body: { name: 'x' } }), 422, 'idempotency_key_reused')
  })

  test('an answer that could not be kept is made again', async () => {
    let isFull = true
    const api = await makeApi({
      wrap: (storage) =>
        wrapStorage(storage, {
          async putRecord(key, value, expiresAt) {
            if (isFull && key.startsWith('idempotency:')) throw away()
            return storage.putRecord(key, value, expiresAt)
          },
        }),
    })
    const first = await post(api, GROUPS, 'k1', { body: {} })
    isFull = false
    api.clock.advance(1_000)
    const again = await post(api, GROUPS, 'k1', { body: {} })
    expect([first.statusCode, shown(again)]).toEqual([200, shown(first)])
    expect(await countGroups(api)).toBe(1)
  })
})

/** With a group, a task and a schedule. */
async function makeFilledServer(): Promise<Server> {
  const server = await makeServer()
  await server.api.json('POST', GROUPS, { id: 'g' })
  await server.api.json('POST', '/api/v1/task_group/g/tasks', { id: 'old', worker: 'w' })
  const template = { tasks: [{ worker: 'w' }] }
  await server.api.json('PUT', '/api/v1/schedule/s', { cron: '0 0 1 1 *', isPaused: true, template })
  return server
}

describe('on a store that several servers share', () => {
  test('a server that is at it is waited for, and one that died is followed after its turn', async () => {
    const { advance, servers } = await makeServers(2)
    const [a, b] = servers as [Server, Server]
    a.hang()
    const frozen = post(a.api, GROUPS, 'k1', { body: { name: 'one' } })
    await a.hangs()
    expectProblem(await post(b.api, GROUPS, 'k1', { body: { name: 'one' } }), 409, 'idempotency_key_in_use')
    advance(9_000)
    a.api.tick(3_000)
    await settled()
    advance(9_000)
    expectProblem(await post(b.api, GROUPS, 'k1', { body: { name: 'one' } }), 409, 'idempotency_key_in_use')
    // From here on it renews nothing: it is dead.
    advance(10_000)
    const answer = await post(b.api, GROUPS, 'k1', { body: { name: 'one' } })
    expect(answer.statusCode).toBe(200)
    // And now it was only frozen.
    a.thaw()
    expect((await frozen).json().id).toBe(answer.json().id)
    expect(await countGroups(b.api)).toBe(1)
    expect(shown(await post(a.api, GROUPS, 'k1', { body: { name: 'one' } }))).toEqual(shown(answer))
  })

  test('a server that failed leaves the turn to the next', async () => {
    const { servers } = await makeServers(2)
    const [a, b] = servers as [Server, Server]
    a.failNext('before')
    expectProblem(await post(a.api, GROUPS, 'k1', { body: {} }), 503, 'storage_unavailable')
    await settled()
    expect((await post(b.api, GROUPS, 'k1', { body: {} })).statusCode).toBe(200)
    expect(await countGroups(b.api)).toBe(1)
  })

  test('a slow storage keeps nobody waiting longer than without a key', async () => {
    const { servers } = await makeServers(1)
    const [a] = servers as [Server]
    a.hang()
    const call = post(a.api, GROUPS, 'k1', { body: {} })
    await a.hangs()
    a.api.tick(2_800)
    expectProblem(await call, 503, 'storage_unavailable')
    expectProblem(await post(a.api, GROUPS, 'k1', { body: {} }), 409, 'idempotency_key_in_use')
    a.thaw()
    await settled()
    expect((await post(a.api, GROUPS, 'k1', { body: {} })).statusCode).toBe(200)
    expect(await countGroups(a.api)).toBe(1)
  })
})

/** What may happen to one of the calls to the storage. */
const fault = fc.constantFrom(null, null, null, 'before' as const, 'after' as const)

test('whatever the order of its steps and whatever fails, a request that is sent again and again has one effect', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.nat({ max: 1 }), { minLength: 2, maxLength: 5 }),
      fc.infiniteStream(fault),
      async (scheduler, at, faults) => {
        let hasFaults = true
        const nextFault = () => (hasFaults ? faults.next().value : null)
        const { servers, advance } = await makeServers(2, {
          wrap: (storage) => inAnyOrder(storage, scheduler, nextFault),
        })
        const ask = async (n: number) => post((servers[n] as Server).api, GROUPS, 'k1', { body: { name: 'one' } })
        const first = await scheduler.waitFor(Promise.all(at.map(ask)))
        hasFaults = false
        // Turns of requests that failed half-way end.
        advance(10_000)
        const last = await scheduler.waitFor(ask(0))
        expect(last.statusCode).toBe(200)
        const ids = [...first, last].flatMap((answer) => (answer.statusCode === 200 ? [answer.json().id] : []))
        expect(new Set(ids).size).toBe(1)
        const { api } = servers[1] as Server
        expect(await scheduler.waitFor(totals(api))).toEqual({ [ids[0]]: 0 })
        expect([200, 409, 503]).toEqual(expect.arrayContaining([...new Set(first.map(({ statusCode }) => statusCode))]))
      },
    ),
    { numRuns: 40 },
  )
})

/** Calls that keys and creations are made of are run in an order that the scheduler chooses, and may be told to have failed. */
function inAnyOrder(
  storage: TaskStorage,
  scheduler: fc.Scheduler,
  nextFault: () => 'before' | 'after' | null,
): TaskStorage {
  const upset =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await scheduler.schedule(Promise.resolve())
      const when = nextFault()
      if (when === 'before') throw away()
      const result = await call(...args)
      if (when === 'after') throw away()
      return result
    }
  return wrapStorage(storage, {
    commit: upset((changeSets) => storage.commit(changeSets)),
    createRecord: upset((key, value, expiresAt) => storage.createRecord(key, value, expiresAt)),
    putRecord: upset((key, value, expiresAt) => storage.putRecord(key, value, expiresAt)),
    findGroup: upset((id) => storage.findGroup(id)),
  })
}

import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { outsideDesk } from '../../server/controller/outside-desk.ts'
import type { OutsideDesk } from '../../server/services/worker-context.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { type Call, expectProblem, type Json, makeApi, TOKEN } from './make-api.ts'

/** The API over a controller that runs, with one group of the worker `w/x`. */
async function makeOutside(tasks: readonly object[] = [{ id: 'a', input: { n: 1.5 } }]) {
  const world = await openControllerWorld({ baseUrl: null })
  const { controller, callbacks } = world
  const outside = outsideDesk(controller, callbacks)
  const api = await makeApi({ outside, wrap: () => world.storage, workers: { baseUrl: null } })
  await api.json('POST', '/api/v1/task_groups/graph', {
    id: 'g',
    tasks: tasks.map((task) => ({ worker: 'w/x', ...task })),
  })
  const call = async (url: string, body: unknown, more: Call = {}) => {
    const answer = api.call('POST', url, { ...(body === undefined ? {} : { body }), ...more })
    await world.advance(20)
    return answer
  }
  const acquire = async (body: object = {}): Promise<Json> =>
    (await call('/api/v1/channel/w/x/acquire', { workerId: 'p1', ...body })).json()
  onTestFinished(() => world.controller.drain(0))
  return { ...world, api, call, acquire }
}

describe('a task that is fetched', () => {
  test('comes with the names of Crew v1, its parents as they were stored, and where to tell that it goes on', async () => {
    const { acquire, call, clock } = await makeOutside([
      { id: 'a', input: { n: 1.5 } },
      { id: 'b', parentIds: ['a'] },
    ])
    const first = await acquire()
    expect(first.task).toMatchObject({
      _id: 'a',
      id: 'a',
      channel: 'w/x',
      worker: 'w/x',
      busyExecuting: true,
      state: 'running',
    })
    expect([first.parents, first.attempt, first.deliveryId]).toEqual([[], 1, expect.stringMatching(/^a_\d+$/)])
    expect(first.callback.url).toBe(`http://crew.test/api/v1/attempt/${first.callback.token}`)
    expect(Date.parse(first.leaseUntil)).toBe(clock.now() - 20 + 300_000)
    expect(await acquire()).toEqual({ task: null })
    const output = '{"big":12345678901234567890,"z":[],"a":1.50}'
    const raw = `{"workerId":"p1","output":${output}}`
    expectProblem(await call('/api/v1/task/a/release', undefined), 422, 'invalid_request')
    const answer = await call('/api/v1/task/a/release', undefined, { raw })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain(`"output":${output}`)
    expect(answer.json()).toMatchObject({ _id: 'a', channel: 'w/x', isComplete: true, state: 'succeeded' })
    expect((await acquire()).parents).toMatchObject([{ _id: 'a', channel: 'w/x' }])
  })

  test('is found by an encoded name of its channel as well', async () => {
    const { call } = await makeOutside()
    expect((await call('/api/v1/channel/w%2Fx/acquire', { workerId: 'p' })).json().task._id).toBe('a')
  })

  test.each([' ', 'a\nb', '5 a', 'ä😀', 'a\u0000b', 'x\ud800y'])(
    'is handed back by a worker of the id %j',
    async (workerId) => {
      const { acquire, call, api } = await makeOutside()
      await acquire({ workerId })
      expect((await call('/api/v1/task/a/release', { workerId, output: 1 })).statusCode).toBe(200)
      expect((await call('/api/v1/task/a/release', { workerId, output: 2 })).statusCode).toBe(200)
      expect(await api.json('GET', '/api/v1/task/a')).toMatchObject({ output: 1 })
    },
  )

  test('is counted in its channel, and every channel that tasks name is listed', async () => {
    const { acquire, call, api } = await makeOutside([{ id: 'a' }, { id: 'b' }, { id: 'c', worker: 'other' }])
    await api.json('PUT', '/api/v1/worker/no-tasks', {})
    const counts = (totalCount: number, completedCount: number, assignedCount: number) =>
      ({ totalCount, completedCount, assignedCount }) as const
    expect(await api.json('GET', '/api/v1/channels')).toEqual([
      { name: 'other', ...counts(1, 0, 0) },
      { name: 'w/x', ...counts(2, 0, 0) },
    ])
    await acquire()
    await acquire()
    await call('/api/v1/task/a/release', { workerId: 'p1' })
    expect((await api.json('GET', '/api/v1/channels'))[1]).toEqual({ name: 'w/x', ...counts(2, 1, 1) })
    expect(await api.json('GET', '/api/v1/worker/w/x')).toMatchObject({ total: 2, completed: 1, inFlight: 1 })
  })

  test('tells who has it while it runs, and when that was heard of last', async () => {
    const { acquire, call, api } = await makeOutside()
    const { callback, leaseUntil } = await acquire()
    const { reasons } = await api.json('GET', '/api/v1/task/a/why')
    expect(reasons).toMatchObject([{ code: 'running', until: leaseUntil }])
    expect(reasons[0].message).toMatch(/^Polling worker p1 has attempt 1 since \S+Z\.$/)
    await call(`${new URL(callback.url).pathname}/heartbeat`, { progress: 0.5 })
    const [{ message }] = (await api.json('GET', '/api/v1/task/a/why')).reasons
    expect(message).toMatch(/Its worker last told of it at \S+Z\.$/)
  })

  test('is handed back by nobody else, and again by its own worker', async () => {
    const { acquire, call } = await makeOutside()
    await acquire()
    expectProblem(await call('/api/v1/task/a/release', { workerId: 'p2' }), 409, 'attempt_superseded')
    expectProblem(await call('/api/v1/task/b/release', { workerId: 'p1' }), 404, 'task_not_found')
    for (let n = 0; n < 2; n++)
      expect((await call('/api/v1/task/a/release', { workerId: 'p1', output: 1 })).json()).toMatchObject({ output: 1 })
  })

  test('is handed back as the attempt that it was fetched as', async () => {
    const { acquire, call } = await makeOutside()
    const release = (attempt: unknown) => call('/api/v1/task/a/release', { workerId: 'p1', attempt })
    expect(await acquire()).toMatchObject({ attempt: 1 })
    expectProblem(await release(2), 409, 'attempt_superseded')
    for (const bad of [0, 1.5, '1']) expectProblem(await release(bad), 422, 'invalid_request')
    expect((await release(1)).statusCode).toBe(200)
  })

  test('fails with what is wrong with its answer', async () => {
    const { acquire, call, storage } = await makeOutside()
    await acquire()
    const children = [{ channel: 'w', _parent_ids: ['nobody'] }]
    expect((await call('/api/v1/task/a/release', { workerId: 'p1', children })).statusCode).toBe(200)
    const [attempt] = await storage.listAttempts('a')
    expect(attempt).toMatchObject({ outcome: 'badResponse' })
    expect(attempt?.error).toContain('/children/0/parentIds/0')
  })

  test('is leased to nobody who went away while his key was looked up', async () => {
    let leave = async (): Promise<void> => {}
    const wrap = (storage: TaskStorage): TaskStorage =>
      wrapStorage(storage, {
        createRecord: async (...record) => {
          await leave()
          return storage.createRecord(...record)
        },
      })
    const asked = Promise.withResolvers<boolean>()
    const acquire: OutsideDesk['acquire'] = async ({ signal }) => {
      asked.resolve(signal.aborted)
      return null
    }
    const api = await makeApi({ wrap, outside: { ...nobodyOutside, acquire } })
    await api.json('PUT', '/api/v1/worker/w', { mode: 'pull' })
    const { hostname, port } = new URL(await api.listen())
    const client = connect(Number(port), hostname)
    api.app.server.prependListener('request', (_request, answer) => {
      leave = async () => {
        client.destroy()
        await once(answer, 'close')
      }
    })
    const head = ['POST /api/v1/channel/w/acquire HTTP/1.1', 'Host: x', `Authorization: ${TOKEN}`, 'Idempotency-Key: k']
    const body = '{"workerId":"me","wait":30}'
    const about = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    client.write([...head, ...about, '', body].join('\r\n'))
    expect(await asked.promise).toBe(true)
  })

  test('is none of a worker that is called', async () => {
    const { call, api } = await makeOutside()
    await api.json('PUT', '/api/v1/worker/w%2Fx', { url: 'https://93.184.216.34/' })
    const refused = await call('/api/v1/channel/w/x/acquire', { workerId: 'p1' })
    expect(expectProblem(refused, 409, 'worker_is_pushed').detail).toContain('Set its mode to pull or both')
    await api.json('PUT', '/api/v1/worker/w%2Fx', { mode: 'pull' })
    expect((await call('/api/v1/channel/w/x/acquire', { workerId: 'p1' })).json().task._id).toBe('a')
  })

  test.each([
    [{}, '/workerId'],
    [{ workerId: '' }, '/workerId'],
    [{ workerId: 5 }, '/workerId'],
    [{ workerId: 'p', wait: 31 }, '/wait'],
    [{ workerId: 'p', wait: -1 }, '/wait'],
    [{ workerId: 'p', leaseSeconds: 0 }, '/leaseSeconds'],
    [{ workerId: 'p', leaseSeconds: 1e9 }, '/leaseSeconds'],
  ])('is not fetched by %j', async (body, pointer) => {
    const { call, api } = await makeOutside()
    const before = await api.fingerprint()
    const { errors } = expectProblem(await call('/api/v1/channel/w/acquire', body), 422, 'invalid_request')
    expect(errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer])
    expect(await api.fingerprint()).toBe(before)
  })

  test('needs an operator', async () => {
    const { call } = await makeOutside()
    const answer = await call(
      '/api/v1/channel/w/acquire',
      { workerId: 'p' },
      { headers: { authorization: 'Bearer nobody' } },
    )
    expectProblem(answer, 401, 'unauthorized')
  })
})

describe('a callback', () => {
  test('needs no login, tells how it goes, and ends the attempt', async () => {
    const { acquire, api, call } = await makeOutside()
    const { callback } = await acquire()
    const path = new URL(callback.url).pathname
    const anonymous = { headers: { authorization: '' } }
    const logs = ['one', 'two']
    const beat = await call(`${path}/heartbeat`, { progress: 0.4, message: 'at it', logs }, anonymous)
    expect(beat.json()).toMatchObject({ success: true })
    await call(`${path}/heartbeat`, { logs: ['three'] }, anonymous)
    const { heartbeat } = await api.json('GET', '/api/v1/task/a/attempts')
    expect(heartbeat).toMatchObject({ attempt: 1, progress: 0.4, message: 'at it', logs: ['one', 'two', 'three'] })
    expect((await call(`${path}/complete`, { output: 1 }, anonymous)).json()).toEqual({ success: true })
    expect((await call(`${path}/complete`, { output: 2 }, anonymous)).json()).toEqual({ success: true })
    expectProblem(await call(`${path}/heartbeat`, {}, anonymous), 409, 'attempt_superseded')
    expect(await api.json('GET', '/api/v1/task/a')).toMatchObject({ output: 1, state: 'succeeded' })
  })

  test('keeps nothing of the secrets that the worker is called with', async () => {
    const { acquire, api, call, storage } = await makeOutside()
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    await api.json('PUT', '/api/v1/worker/w%2Fx', { signingSecret: secret })
    const path = new URL((await acquire()).callback.url).pathname
    await call(`${path}/heartbeat`, { message: `got ${secret}`, logs: [secret.slice(6), 'two'] })
    const { heartbeat } = await api.json('GET', '/api/v1/task/a/attempts')
    expect(heartbeat).toMatchObject({ message: 'got ***', logs: ['***', 'two'] })
    expect(await storage.getRecord('heartbeat/a')).not.toContain(secret.slice(6))
  })

  test('may have no body at all', async () => {
    const { acquire, api } = await makeOutside()
    const path = new URL((await acquire()).callback.url).pathname
    const bare = { headers: { authorization: '' } }
    expect((await api.call('POST', `${path}/heartbeat`, bare)).statusCode).toBe(200)
    expect((await api.call('POST', `${path}/complete`, bare)).statusCode).toBe(200)
    expect(await api.json('GET', '/api/v1/task/a')).toMatchObject({ output: null, state: 'succeeded' })
  })

  test.each([
    [{ progress: 2 }, '/progress'],
    [{ message: 5 }, '/message'],
    [{ logs: 'x' }, '/logs'],
    [{ logs: Array(101).fill('x') }, '/logs'],
    [{ logs: ['x'.repeat(2001)] }, '/logs/0'],
  ])('with %j is refused and changes nothing', async (body, pointer) => {
    const { acquire, call } = await makeOutside()
    const path = new URL((await acquire()).callback.url).pathname
    const { errors } = expectProblem(await call(`${path}/heartbeat`, body), 422, 'invalid_request')
    expect(errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer])
  })

  test.each(['complete', 'fail', 'heartbeat'])('to %s a token that is none is not found', async (verb) => {
    const { call } = await makeOutside()
    expectProblem(await call(`/api/v1/attempt/nonsense/${verb}`, {}), 404, 'attempt_not_found')
    expectProblem(await call(`/api/v1/attempt/nobody~x/${verb}`, {}), 404, 'attempt_not_found')
    expectProblem(await call(`/api/v1/attempt/a~x/${verb}`, {}), 409, 'attempt_superseded')
  })

  test.each(['complete', 'fail', 'heartbeat'])(
    'to %s a token that is none is refused before the body is read',
    async (verb) => {
      const { call, acquire } = await makeOutside()
      const { callback } = await acquire()
      expectProblem(await call(`/api/v1/attempt/nobody~x/${verb}`, [1]), 404, 'attempt_not_found')
      expectProblem(await call(`/api/v1/attempt/a~x/${verb}`, [1]), 409, 'attempt_superseded')
      expectProblem(await call(`${new URL(callback.url).pathname}/${verb}`, [1]), 422, 'invalid_request')
    },
  )

  test('takes no heartbeat of more than a heartbeat can be', async () => {
    const { call, acquire } = await makeOutside()
    const beat = `${new URL((await acquire()).callback.url).pathname}/heartbeat`
    const logs = Array.from({ length: 100 }, () => '\u{10348}'.repeat(1000))
    expect((await call(beat, { logs })).statusCode).toBe(200)
    expectProblem(await call(beat, { message: 'x'.repeat(2 ** 21) }), 413, 'body_too_large')
  })

  test('is nothing that anybody can read', async () => {
    const { acquire, api } = await makeOutside()
    const { callback } = await acquire()
    const secret = callback.token.split('~')[1]
    for (const url of ['/api/v1/task/a', '/api/v1/task/a/attempts', '/api/v1/task/a/request', '/api/v1/task/a/why'])
      expect((await api.call('GET', url)).body).not.toContain(secret)
  })
})

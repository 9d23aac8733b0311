import { type Handler, nonRetryable, type PollerOptions, runPoller, type Task } from 'crew-sdk'
import { describe, expect, test, vi } from 'vitest'
import { CrewClient } from '../../sdk/typescript/src/client/crew-client.ts'
import { hostWith } from '../../sdk/typescript/src/host.ts'
import { fakeCrew, problem } from './fake-crew.ts'

const away = new TypeError('fetch failed')

const taken = (id: string, fields: object = {}) => ({
  task: {
    id,
    _id: id,
    worker: 'resize',
    channel: 'resize',
    taskGroupId: 'g',
    errors: ['once'],
    input: { n: 1 },
    ...fields,
  },
  parents: [{ _id: 'p', channel: 'w', input: null, output: 2 }],
  // Where the server believes to be: a poller elsewhere gets nowhere by it.
  callback: { url: 'http://127.0.0.1:8090/own/api/v1/attempt/secret', token: 'secret' },
  attempt: 7,
  deliveryId: 'run-1',
  leaseUntil: '2026-11-22T10:01:00.000Z',
})

/** A poller that is stopped when the server has nothing left for it. */
function makeWorld(replies: readonly (object | Error)[], handler: Handler, options: Partial<PollerOptions> = {}) {
  const crew = fakeCrew()
  const stop = new AbortController()
  const left = [...replies]
  const fetch: typeof crew.fetch = (url, init) => {
    if (url.endsWith('/acquire')) {
      crew.reply('/acquire', left.shift() ?? { task: null })
      if (left.length === 0) stop.abort()
    }
    return crew.fetch(url, init)
  }
  const client = new CrewClient({ url: 'http://crew.test/base', token: 'operator', fetch })
  const pauses: number[] = []
  vi.spyOn(client.connection.host, 'sleep').mockImplementation((ms, signal) => {
    pauses.push(ms)
    return sleep(ms, signal)
  })
  const ended = runPoller({ client, channel: 'shop/resize', handler, workerId: 'w1', signal: stop.signal, ...options })
  return { crew, ended, stop, pauses }
}

/** Between questions it takes no time; the first heartbeat never comes. */
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
    if (ms < 10_000) resolve()
  })

describe('a poller', () => {
  test('takes a task, does it and gives its output back', async () => {
    const tasks: Task[] = []
    const handler: Handler = (task) => {
      tasks.push(task)
      return { ok: true }
    }
    const { crew, ended } = makeWorld([taken('t'), { task: null }], handler, { waitSeconds: 5, leaseSeconds: 60 })
    await ended
    expect(crew.sent.map(({ path, body }) => ({ path, body })).slice(0, 2)).toEqual([
      { path: '/base/api/v1/channel/shop%2Fresize/acquire', body: { workerId: 'w1', wait: 5, leaseSeconds: 60 } },
      { path: '/base/api/v1/attempt/secret/complete', body: { output: { ok: true } } },
    ])
    expect(tasks[0]).toMatchObject({
      taskId: 't',
      taskGroupId: 'g',
      worker: 'resize',
      attempt: 7,
      deliveryId: 'run-1',
      input: { n: 1 },
      parents: [{ taskId: 'p', worker: 'w', input: null, output: 2 }],
    })
  })

  test('gives failures back, and goes on', async () => {
    const handler: Handler = ({ taskId }) => {
      if (taskId === 'bad') throw nonRetryable('cannot')
      return taskId
    }
    const { crew, ended } = makeWorld([taken('bad'), taken('good'), { task: null }], handler)
    await ended
    expect(crew.verbs().slice(0, 4)).toEqual(['acquire', 'fail', 'acquire', 'complete'])
    expect([crew.sent[1]?.body, crew.sent[3]?.body]).toEqual([
      { error: 'cannot', retryable: false },
      { output: 'good' },
    ])
  })

  test('releases a task that came without a callback, and says which attempt it was', async () => {
    const tasks: Task[] = []
    const bare = { ...taken('a/b'), callback: undefined, attempt: undefined, deliveryId: undefined }
    const handler: Handler = async (task) => void tasks.push(task)
    const { crew, ended } = makeWorld([bare, { task: null }], handler)
    await ended
    expect(tasks[0]).toMatchObject({ attempt: 2, deliveryId: 'a/b' })
    expect(crew.sent[1]).toMatchObject({
      path: '/base/api/v1/task/a%2Fb/release',
      body: { workerId: 'w1', attempt: 2, output: null },
    })
    expect(crew.sent[1]?.headers.get('authorization')).toBe('Bearer operator')
  })

  test('says once of a task that its heartbeats get no answer, and goes on', async () => {
    const errors: unknown[] = []
    const handler: Handler = (task) =>
      task.accept(async (attempt) => {
        await attempt.heartbeat()
        await attempt.heartbeat()
        return 1
      })
    const { crew, ended } = makeWorld([taken('t'), { task: null }], handler, { onError: (error) => errors.push(error) })
    crew.reply('/heartbeat', away)
    await ended
    expect(errors).toEqual([new Error('a heartbeat of task t did not reach Crew: fetch failed')])
    expect(crew.verbs().slice(1, 4)).toEqual(['heartbeat', 'heartbeat', 'complete'])
  })

  test('does accepted work itself, with heartbeats by the callback', async () => {
    const handler: Handler = (task) =>
      task.accept(async (attempt) => {
        await attempt.heartbeat({ progress: 0.5 })
        return 'long'
      })
    const { crew, ended } = makeWorld([taken('t'), { task: null }], handler)
    await ended
    expect(crew.sent.slice(1, 3).map(({ path, body }) => [path, body])).toEqual([
      ['/base/api/v1/attempt/secret/heartbeat', { progress: 0.5 }],
      ['/base/api/v1/attempt/secret/complete', { output: 'long' }],
    ])
  })

  test('does several tasks at once, no more than it is told', async () => {
    let running = 0
    let most = 0
    let open = (): void => {}
    const bothRun = new Promise<void>((resolve) => {
      open = resolve
    })
    const handler: Handler = async () => {
      most = Math.max(most, ++running)
      if (running === 2) open()
      await bothRun
      running--
    }
    const tasks = ['a', 'b', 'c', 'd'].map((id) => taken(id))
    await makeWorld([...tasks, { task: null }], handler, { concurrency: 2 }).ended
    expect([most, running]).toEqual([2, 0])
  })

  test('finishes what it does when it is stopped', async () => {
    const { crew, ended, stop } = makeWorld([taken('t'), taken('never')], async ({ signal }) => {
      stop.abort()
      return { wasAborted: signal.aborted }
    })
    await ended
    expect(crew.sent.map(({ body }) => body).at(-1)).toEqual({ output: { wasAborted: false } })
    expect(crew.verbs()).toEqual(['acquire', 'complete'])
  })

  test('pauses when the server has nothing and does not wait, as when it stops', async () => {
    const { ended, pauses } = makeWorld([{ task: null }, { task: null }, taken('t'), { task: null }], () => 1)
    await ended
    expect(pauses.filter((ms) => ms < 10_000).length).toBeGreaterThanOrEqual(2)
  })

  test('asks again when the server is away, and says so', async () => {
    const errors: unknown[] = []
    const busy = problem(503, 'shutting_down', 'stopping')
    const { crew, ended } = makeWorld([away, busy, taken('t'), { task: null }], () => 1, {
      onError: (error) => errors.push(error),
    })
    await ended
    expect(errors).toMatchObject([{ code: 'unreachable' }, { code: 'shutting_down' }])
    expect(crew.verbs().slice(0, 4)).toEqual(['acquire', 'acquire', 'acquire', 'complete'])
  })

  test('ends when the server refuses it', async () => {
    const refusals = Array.from({ length: 4 }, () => problem(401, 'unauthorized', 'no token'))
    const { ended } = makeWorld(refusals, () => 1, { concurrency: 3 })
    await expect(ended).rejects.toMatchObject({ code: 'unauthorized', message: 'no token' })
  })
})

test('the runtime is looked up when it is used, for platforms replace its parts', () => {
  expect(hostWith().fetch).not.toBe(globalThis.fetch)
})

import { type Attempt, AttemptSuperseded, answer, type Handler, rateLimited, type WorkerOptions } from 'crew-sdk'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createWorker } from '../../sdk/typescript/src/worker/define-worker.ts'
import { settle } from '../support/simulated-timers.ts'
import { crewRequest, SECRET } from './crew-request.ts'
import { fakeCrew, problem } from './fake-crew.ts'
import { simulatedHost } from './simulated-host.ts'

const callback = { url: 'http://crew.test/api/v1/attempt/secret', token: 'secret' }
const away = new TypeError('fetch failed')

/** A worker whose handler accepts; it was sent one task, whose lease is 30 seconds. */
async function makeWorld(handler: Handler, options: WorkerOptions = {}, body: object = { taskId: 't', callback }) {
  const crew = fakeCrew()
  const host = simulatedHost(crew.fetch)
  const worker = createWorker(handler, options, host)
  const post = async (context?: Parameters<typeof worker.fetch>[2]) => {
    const response = await worker.fetch(crewRequest({ body }), undefined, context)
    return { status: response.status, body: await response.json() }
  }
  return { crew, host, worker, post, pass: (seconds: number) => host.timers.advance(seconds * 1000) }
}

/** Work that ends when the test says so. */
function heldWork() {
  const started: Attempt[] = []
  let finish: (output: unknown) => void = () => {}
  const ended = new Promise<unknown>((resolve) => {
    finish = resolve
  })
  const handler: Handler = (task) =>
    task.accept((attempt) => {
      started.push(attempt)
      return ended
    })
  return { handler, started, finish }
}

describe('work that a handler accepts', () => {
  test('begins after the answer 202, and its output is told when it is there', async () => {
    const { handler, started, finish } = heldWork()
    const { crew, worker, post, pass } = await makeWorld(handler)
    expect(await post()).toEqual({ status: 202, body: {} })
    expect(started).toHaveLength(0)
    await pass(0)
    expect(started).toHaveLength(1)
    finish(answer({ done: true }, { children: [{ worker: 'next', id: 'a' }] }))
    await worker.settled()
    expect(crew.sent).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/attempt/secret/complete',
        body: { output: { done: true }, children: [{ worker: 'next', _child_id: 'a' }] },
      },
    ])
    expect(crew.sent[0]?.headers.get('authorization')).toBeNull()
  })

  test('is kept alive three times in its lease, until it has ended', async () => {
    const { handler, finish } = heldWork()
    const { crew, host, worker, post, pass } = await makeWorld(handler)
    await post()
    await pass(9)
    expect(crew.verbs()).toEqual([])
    await pass(22)
    expect(crew.verbs()).toEqual(['heartbeat', 'heartbeat', 'heartbeat'])
    finish(1)
    await worker.settled()
    expect(host.timers.nextAt).toBeNull()
    expect(crew.verbs().at(-1)).toBe('complete')
  })

  test('is kept alive more often when the server says that it waits less', async () => {
    const { handler, finish } = heldWork()
    const { crew, worker, post, pass } = await makeWorld(handler)
    const kept = JSON.stringify({ success: true, leaseUntil: '2030-01-01T00:00:06.000Z' })
    crew.reply('/heartbeat', new Response(kept, { headers: { date: 'Tue, 01 Jan 2030 00:00:00 GMT' } }))
    await post()
    await pass(10)
    expect(crew.verbs()).toEqual(['heartbeat'])
    await pass(4)
    expect(crew.verbs()).toEqual(['heartbeat', 'heartbeat', 'heartbeat'])
    finish(1)
    await worker.settled()
  })

  test('that fails is told as a failure, with what it asks for', async () => {
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(() => Promise.reject(rateLimited(60, { workgroup: 'api' }))),
    )
    await post()
    await pass(0)
    await worker.settled()
    expect(crew.sent).toMatchObject([
      {
        path: '/api/v1/attempt/secret/fail',
        body: { error: 'rate limited', workgroupDelayInSeconds: 60, workgroup: 'api' },
      },
    ])
  })

  test('may ask for delays at once', async () => {
    const { post } = await makeWorld((task) => task.accept(async () => 1, { workgroupDelayInSeconds: 3 }))
    expect(await post()).toEqual({ status: 202, body: { workgroupDelayInSeconds: 3 } })
  })

  test('is not accepted when the request offers no callback', async () => {
    for (const offered of [undefined, null, {}, { url: 'file:///etc/passwd' }, { url: 'http://' }]) {
      const { post } = await makeWorld((task) => task.accept(async () => 1), {}, { callback: offered })
      expect(await post()).toEqual({ status: 200, body: { error: expect.stringContaining('offers no callback') } })
    }
  })

  test('is not accepted, nor its callback called, when nobody signed the request', async () => {
    const handler = vi.fn()
    const { crew, post } = await makeWorld(handler, { secret: SECRET })
    expect((await post()).status).toBe(401)
    expect([handler.mock.calls, crew.sent]).toEqual([[], []])
  })

  test('is handed to whatever keeps the platform awake', async () => {
    const kept: Promise<unknown>[] = []
    const waitUntil = (work: Promise<unknown>) => void kept.push(work)
    const own = await makeWorld((task) => task.accept(async () => 1))
    await own.post({ waitUntil })
    const configured = await makeWorld((task) => task.accept(async () => 1), { waitUntil })
    await configured.post({ waitUntil: () => expect.unreachable() })
    expect(kept).toHaveLength(2)
    await Promise.all([own.pass(0), configured.pass(0), ...kept])
    expect([own.crew.verbs(), configured.crew.verbs()]).toEqual([['complete'], ['complete']])
  })
})

describe('a heartbeat by hand', () => {
  test('carries progress, a message and logs', async () => {
    const report = { progress: 0.5, message: 'half', logs: ['line'] }
    const { crew, worker, post, pass } = await makeWorld((task) => task.accept((attempt) => attempt.heartbeat(report)))
    await post()
    await pass(0)
    await worker.settled()
    expect(crew.sent.map(({ body }) => body)).toEqual([report, { output: null }])
  })

  test('is no failure when the server is away', async () => {
    const { crew, worker, post, pass } = await makeWorld((task) => task.accept((attempt) => attempt.heartbeat()))
    crew.reply('/heartbeat', away)
    await post()
    await pass(0)
    await worker.settled()
    expect(crew.verbs()).toEqual(['heartbeat', 'complete'])
  })

  test('that the server does not take is told and fails nothing', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(async (attempt) => {
        await attempt.heartbeat()
        await attempt.heartbeat()
      }),
    )
    crew.reply('/heartbeat', problem(422, 'invalid_request', 'what is this?'))
    await post()
    await pass(0)
    await worker.settled()
    expect(crew.verbs()).toEqual(['heartbeat', 'heartbeat', 'complete'])
    expect(warn.mock.calls).toEqual([
      ['crew-sdk: accepted work', new Error('a heartbeat of task t was refused with 422: what is this?')],
    ])
  })

  test('is cut to what Crew takes', async () => {
    const line = 'x'.repeat(3000)
    const logs = Array.from({ length: 150 }, (_, index) => `${index} ${line}`)
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(async ({ heartbeat }) => {
        await heartbeat({ progress: 1.0000000000000002, message: line, logs })
        for (const progress of [-1, Number.NaN, 1 / 0]) await heartbeat({ progress })
      }),
    )
    await post()
    await pass(0)
    await worker.settled()
    const lines = logs.slice(50).map((each) => each.slice(0, 2000))
    expect(crew.sent.map(({ body }) => body).slice(0, 4)).toEqual([
      { progress: 1, message: line.slice(0, 1000), logs: lines },
      { progress: 0 },
      {},
      { progress: 1 },
    ])
  })
})

describe('an attempt that was superseded', () => {
  test('is stopped by its signal, and nothing more is told', async () => {
    const reasons: unknown[] = []
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason)
              reject(signal.reason)
            })
          }),
      ),
    )
    crew.reply('/heartbeat', {}, problem(409, 'attempt_superseded', 'the task was reset'))
    await post()
    await pass(20)
    await worker.settled()
    expect(reasons).toEqual([new AttemptSuperseded('the task was reset')])
    expect(crew.verbs()).toEqual(['heartbeat', 'heartbeat'])
  })

  test('learns it from its own heartbeat', async () => {
    const thrown: unknown[] = []
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(async (attempt) => {
        await attempt.heartbeat().catch((error) => thrown.push(error))
        await attempt.heartbeat().catch((error) => thrown.push(error))
      }),
    )
    crew.reply('/heartbeat', problem(404, 'attempt_not_found', 'gone'))
    await post()
    await pass(0)
    await worker.settled()
    expect(thrown).toEqual([new AttemptSuperseded('gone'), new AttemptSuperseded('gone')])
    expect(crew.verbs()).toEqual(['heartbeat'])
  })

  test('is not what a proxy says: it is asked again', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const { crew, worker, post, pass } = await makeWorld((task) =>
      task.accept(async (attempt) => {
        await attempt.heartbeat()
        return attempt.signal.aborted
      }),
    )
    const page = new Response('<h1>Not Found</h1>', { status: 404 })
    crew.reply('/heartbeat', page)
    crew.reply('/complete', page, new Response('', { status: 409 }), problem(404, 'not_found', 'no such address'), {})
    await post()
    await pass(5)
    await worker.settled()
    expect(crew.verbs().filter((verb) => verb === 'complete')).toHaveLength(4)
    expect(crew.sent.at(-1)?.body).toEqual({ output: false })
    expect(warn).toHaveBeenCalledOnce()
  })

  test('ends quietly when its end comes too late', async () => {
    const onLost = vi.fn()
    const { crew, worker, post, pass } = await makeWorld((task) => task.accept(async () => 1), { onLost })
    crew.reply('/complete', problem(409, 'attempt_superseded', 'too late'))
    await post()
    await pass(0)
    await worker.settled()
    expect([crew.verbs(), onLost.mock.calls]).toEqual([['complete'], []])
  })
})

describe('the end of an attempt', () => {
  test('is told again while the server is away, and heartbeats go on meanwhile', async () => {
    const { crew, worker, post, pass } = await makeWorld((task) => task.accept(async () => 1))
    crew.reply(
      '/complete',
      away,
      new Response('', { status: 502 }),
      problem(503, 'shutting_down', 'x', { 'retry-after': '15' }),
      {},
    )
    await post()
    await pass(16)
    await worker.settled()
    expect(crew.verbs()).toEqual(['complete', 'complete', 'complete', 'heartbeat', 'complete'])
  })

  test('that the server cannot take fails the attempt at once', async () => {
    const { crew, worker, post, pass } = await makeWorld((task) => task.accept(async () => answer(1, { children: [] })))
    crew.reply('/complete', problem(422, 'invalid_request', '/children/0/worker: expected the name of a worker'))
    await post()
    await pass(0)
    await worker.settled()
    expect(crew.sent.at(-1)).toMatchObject({
      path: '/api/v1/attempt/secret/fail',
      body: { error: 'the answer was refused with 422: /children/0/worker: expected the name of a worker' },
    })
  })

  test('goes to the address of the callback and nowhere else', async () => {
    const onLost = vi.fn()
    const { crew, post, pass } = await makeWorld((task) => task.accept(async () => 1), { onLost })
    crew.reply('/complete', new Response(null, { status: 301, headers: { location: 'https://crew.test/' } }))
    await post()
    await pass(400)
    await settle()
    expect(crew.sent[0]?.redirect).toBe('manual')
    expect(onLost.mock.calls).toMatchObject([[{ name: 'CrewProblem', status: 301 }, { taskId: 't' }]])
  })

  test('that never reaches the server is told to the worker', async () => {
    const onLost = vi.fn()
    const { crew, post, pass } = await makeWorld((task) => task.accept(async () => 1), { onLost })
    crew.reply('', away)
    await post()
    await pass(400)
    await settle()
    expect(onLost.mock.calls).toMatchObject([[away, { taskId: 't' }]])
  })
})

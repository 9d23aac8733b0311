import { describe, expect, test } from 'vitest'
import { makeWorkers, workerRequest } from './make-workers.ts'

describe('the handler of the demo workers', () => {
  test('finds the worker by what follows /demo/, below any prefix', async () => {
    const { handle } = makeWorkers()
    for (const prefix of ['', '/crew', '/a/demo/b']) {
      const request = new Request(`http://crew.test${prefix}/demo/echo?x=1`, { method: 'POST', body: '{"input":1}' })
      const response = await handle(request)
      expect([response.status, await response.json()]).toEqual([200, { output: 1 }])
    }
  })

  test('lists the workers with a sentence about each', async () => {
    const { handle, names } = makeWorkers()
    for (const path of ['/demo/', '/demo', '/below/demo/']) {
      const response = await handle(new Request(`http://crew.test${path}`))
      const body = (await response.json()) as { workers: { name: string; about: string }[] }
      expect(body.workers.map((worker) => worker.name)).toEqual(names)
      expect(body.workers.every((worker) => worker.about.length > 10)).toBe(true)
    }
  })

  test('names every worker that the README promises', () => {
    const simple = ['worker-a', 'worker-b', 'worker-c', 'flaky', 'slow', 'rate-limited', 'big-output', 'echo']
    const campaign = ['plan', 'create-campaign', 'create-ad-set', 'create-ad', 'qa', 'notify']
    expect(makeWorkers().names).toEqual([...simple, 'storm/*', ...campaign.map((name) => `campaign/${name}`)])
  })

  test('answers 404 with an error for a worker that it does not have', async () => {
    const answer = await makeWorkers().post('worker-z')
    expect(answer.status).toBe(404)
    expect(answer.body).toEqual({ error: 'There is no demo worker "worker-z": GET /demo/ lists them.' })
  })

  test('answers 404 for a path without /demo/', async () => {
    const response = await makeWorkers().handle(new Request('http://crew.test/echo', { method: 'POST', body: '{}' }))
    expect(response.status).toBe(404)
  })

  test('answers 405 for another method and names the right one', async () => {
    const { handle } = makeWorkers()
    const got = await handle(new Request('http://crew.test/demo/echo'))
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    const posted = await handle(new Request('http://crew.test/demo/', { method: 'POST', body: '{}' }))
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
  })

  test('answers 400 for a body that is no JSON object', async () => {
    const { handle } = makeWorkers()
    for (const body of ['', 'nonsense', '[]', 'null', '3']) {
      const response = await handle(workerRequest('echo', body))
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ error: expect.stringContaining('not a JSON object') })
    }
  })

  test('stops working when the caller has gone', async () => {
    const { createDemoWorkers } = await import('../../demo-workers/demo-workers.ts')
    const caller = new AbortController()
    const request = new Request('http://crew.test/demo/slow', { method: 'POST', body: '{}', signal: caller.signal })
    const answer = createDemoWorkers().handle(request)
    caller.abort(new Error('the caller has gone'))
    expect((await answer).status).toBe(500)
  })
})

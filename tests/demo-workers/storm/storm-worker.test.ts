import { describe, expect, test } from 'vitest'
import { makeWorkers, workerRequest } from '../make-workers.ts'
import { makeKey, makePlan } from './make-plan.ts'

/** Demo workers with one storm, `run-1`. */
async function makeStorm(plan = makePlan()) {
  const workers = makeWorkers()
  const ask = async (method: string, path: string, body?: unknown) => {
    const request = new Request(`http://crew.test/demo/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const response = await workers.handle(request)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const call = async (name = 'storm/run-1/paced', input: unknown = null) => {
    const response = await workers.handle(workerRequest(name, JSON.stringify({ worker: name, taskId: 't', input })))
    const { status, headers } = response
    return { status, headers, body: (await response.json()) as Record<string, unknown> }
  }
  const made = await ask('PUT', 'storm/run-1', plan)
  return { ...workers, ask, call, made }
}

describe('the worker of a storm', () => {
  test('answers 200 with what the provider said is left', async () => {
    const { call, slept } = await makeStorm()
    const { status, headers, body } = await call()
    expect([status, body]).toEqual([200, { output: { key: 'paced' } }])
    expect([headers.get('x-ratelimit-remaining'), headers.get('x-ratelimit-reset')]).toEqual(['2', '1000ms'])
    expect(slept).toHaveLength(1)
  })

  test('takes the key from the input when its name has none', async () => {
    const { call } = await makeStorm()
    expect((await call('storm/run-1', { key: 'paced' })).body).toEqual({ output: { key: 'paced' } })
  })

  test('hands a 429 on with all that the provider said', async () => {
    const { call } = await makeStorm()
    for (let calls = 0; calls < 3; calls++) await call()
    const { status, headers, body } = await call()
    expect([status, body.error]).toEqual([429, 'the quota of paced is used up'])
    expect([headers.get('retry-after'), headers.get('x-ratelimit-remaining')]).toEqual(['1', '0'])
  })

  test('fails in the outage as workers do: 503 without an hour, 502, and 504 when it was patient for long enough', async () => {
    const { call, clock } = await makeStorm()
    await call()
    clock.now += 2000
    const answers = await Promise.all(Array.from({ length: 40 }, () => call()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([502, 503, 504]))
    expect(answers.every(({ headers }) => headers.get('retry-after') === null)).toBe(true)
  })

  test('fails for good when nobody knows its key or its storm', async () => {
    const { call } = await makeStorm()
    for (const name of ['storm/run-1/other', 'storm/run-2/paced', 'storm/run-1']) {
      const { status, body } = await call(name)
      expect([status, body.retryable]).toEqual([404, false])
    }
  })
})

describe('the provider of a storm', () => {
  test('is made with a plan and tells what it counted', async () => {
    const { made, ask, call, clock } = await makeStorm()
    expect(made).toMatchObject({ status: 200, body: { plan: makePlan(), elapsedMs: null } })
    await call()
    clock.now += 400
    await call()
    const { body } = await ask('GET', 'storm/run-1')
    expect(body).toMatchObject({
      elapsedMs: 400,
      keys: [{ name: 'paced', calls: 2, inFlight: 0, perStep: [1, 0, 0, 0, 1] }],
    })
  })

  test('is another for each storm', async () => {
    const { ask, call } = await makeStorm()
    await ask('PUT', 'storm/run-2', makePlan({ keys: [makeKey({ name: 'b' })] }))
    await call('storm/run-2/b')
    expect((await ask('GET', 'storm/run-1')).body).toMatchObject({ keys: [{ name: 'paced', calls: 0 }] })
  })

  test('is not made of what is no plan, and is not there before it was made', async () => {
    const { ask } = await makeStorm()
    expect((await ask('PUT', 'storm/run-2', { keys: [] })).status).toBe(400)
    expect((await ask('PUT', 'storm/run-2')).status).toBe(400)
    expect((await ask('GET', 'storm/run-2')).status).toBe(404)
    expect((await ask('DELETE', 'storm/run-1')).status).toBe(405)
  })

  test('of the oldest storm is forgotten when there are many', async () => {
    const { ask } = await makeStorm()
    for (let run = 2; run < 22; run++) await ask('PUT', `storm/run-${run}`, makePlan())
    expect((await ask('GET', 'storm/run-1')).status).toBe(404)
    expect((await ask('GET', 'storm/run-2')).status).toBe(200)
  })
})

import { describe, expect, test } from 'vitest'
import { expectProblem, makeApi } from './make-api.ts'

describe('the attempts of a task', () => {
  test('are listed newest first with every field of the wire', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    const first = {
      number: 1,
      deliveryId: 't_1',
      instance: 'boot',
      startedAt: api.clock.now(),
      endedAt: api.clock.now() + 250,
      outcome: 'failed',
      statusCode: 500,
      bytes: 12,
      error: 'HTTP 500',
      retryAt: api.clock.now() + 60_000,
    } as const
    const second = { ...first, number: 2, outcome: 'succeeded', statusCode: 200, error: null, retryAt: null } as const
    await api.storage.commit([
      {
        guards: [],
        changes: [first, second].map((attempt) => ({ kind: 'addAttempt', taskId: 't', attempt }) as const),
        events: [],
      },
    ])
    expect(await api.json('GET', '/api/v1/task/t/attempts')).toEqual({
      attempts: [
        {
          number: 2,
          startedAt: '2026-11-22T10:00:00.000Z',
          endedAt: '2026-11-22T10:00:00.250Z',
          durationMs: 250,
          outcome: 'succeeded',
          statusCode: 200,
          error: null,
          retryAt: null,
          deliveryId: 't_1',
        },
        {
          number: 1,
          startedAt: '2026-11-22T10:00:00.000Z',
          endedAt: '2026-11-22T10:00:00.250Z',
          durationMs: 250,
          outcome: 'failed',
          statusCode: 500,
          error: 'HTTP 500',
          retryAt: '2026-11-22T10:01:00.000Z',
          deliveryId: 't_1',
        },
      ],
      heartbeat: null,
    })
  })

  test('of an unknown task are not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('GET', '/api/v1/task/none/attempts'), 404, 'task_not_found')
  })
})

describe('why a task is not running', () => {
  test('is told with a code, a sentence, until when, and what is in the way', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', {
      id: 'g',
      tasks: [
        { id: 'parent', worker: 'w', runAfter: '2026-11-22T12:00:00Z' },
        { id: 'child', worker: 'w', parentIds: ['parent'] },
      ],
    })
    const parent = await api.json('GET', '/api/v1/task/parent/why')
    expect(parent).toMatchObject({ state: 'scheduled', reasons: [{ until: '2026-11-22T12:00:00.000Z' }] })
    const child = await api.json('GET', '/api/v1/task/child/why')
    expect(child).toMatchObject({ state: 'blocked', reasons: [{ ref: 'parent' }] })
    for (const { code, message } of [...parent.reasons, ...child.reasons]) {
      expect([typeof code, typeof message]).toEqual(['string', 'string'])
    }
  })

  test('tells how many are ahead of a task that waits for its turn', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'first', worker: 'w' },
      { id: 'second', worker: 'w' },
      { id: 'later', worker: 'w', runAfter: '2026-11-22T12:00:00Z' },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    const message = 'Nothing holds it back: it starts at the next turn of its worker.'
    expect(await api.json('GET', '/api/v1/task/second/why')).toEqual({
      state: 'ready',
      reasons: [{ code: 'ready', message }],
      ahead: 1,
    })
    expect(await api.json('GET', '/api/v1/task/later/why')).toMatchObject({ state: 'scheduled', ahead: 0 })
  })

  test('of an unknown task is not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('GET', '/api/v1/task/none/why'), 404, 'task_not_found')
  })
})

describe('plucking', () => {
  test('answers a new paused group that holds the copy', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'parent', worker: 'w', isComplete: true, output: { n: 1 } },
      { id: 't', worker: 'w', input: { a: 1 }, parentIds: ['parent'] },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    const group = await api.json('POST', '/api/v1/task/t/pluck')
    expect(group).toMatchObject({ isPaused: true, state: 'paused' })
    const copies = (await api.json('GET', `/api/v1/task_group/${group.id}/tasks`)).tasks
    expect(copies).toMatchObject([
      { isComplete: true, output: { n: 1 } },
      { input: { a: 1 }, output: null },
    ])
  })

  test('takes another input, digit by digit, and leaves the task alone', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w', input: 1 }] })
    const raw = '{"input":{"id":9007199254740993,"rate":1.0}}'
    const group = (await api.call('POST', '/api/v1/task/t/pluck', { raw })).json()
    const tasks = await api.call('GET', `/api/v1/task_group/${group.id}/tasks`)
    expect(tasks.body).toContain('"input":{"id":9007199254740993,"rate":1.0}')
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ input: 1 })
  })

  test('an unknown task is not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('POST', '/api/v1/task/none/pluck'), 404, 'task_not_found')
  })
})

describe('what the worker of a task is sent', () => {
  test('is the next attempt, with the results of its parents, byte for byte', async () => {
    const api = await makeApi()
    const tasks = `[{"id":"p","worker":"w","isComplete":true,"input":1.0,"output":{"n":9007199254740993}},
      {"id":"t","name":"the one","worker":"w","input":{"b":1e2,"a":[ ]},"parentIds":["p"],"timeoutSeconds":7}]`
    await api.call('POST', '/api/v1/task_groups/graph', { raw: `{"id":"g","tasks":${tasks}}` })
    const request = await api.json('GET', '/api/v1/task/t/request')
    expect(request).toMatchObject({
      url: expect.stringMatching(/\/w$/),
      method: 'POST',
      headers: { 'crew-attempt': '1', 'crew-task-id': 't', 'crew-timeout': '7' },
    })
    expect(request.body).toBe(
      '{"input":{"b":1e2,"a":[ ]},"worker":"w","parents":[{"taskId":"p","worker":"w","input":1.0,"output":{"n":9007199254740993}}],"taskId":"t","taskGroupId":"g","name":"the one","attempt":1,"remainingAttempts":5,"workgroup":"","key":"","metadata":{},"callback":{"url":"***","token":"***"}}',
    )
  })

  test('shows secrets by their name, or not at all', async () => {
    const api = await makeApi({
      workers: { secrets: { SHOP: 'sk-12345678' }, authorization: 'Bearer of-the-environment' },
    })
    await api.json('PUT', '/api/v1/worker/own', { headers: { authorization: 'Bearer secret:SHOP' } })
    const tasks = [
      { id: 't', worker: 'w' },
      { id: 'o', worker: 'own' },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    expect((await api.json('GET', '/api/v1/task/t/request')).headers.authorization).toBe('***')
    expect((await api.json('GET', '/api/v1/task/o/request')).headers.authorization).toBe('Bearer secret:SHOP')
  })

  test('has no address where the worker fetches its tasks', async () => {
    const api = await makeApi()
    await api.json('PUT', '/api/v1/worker/w', { mode: 'pull' })
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    expect(await api.json('GET', '/api/v1/task/t/request')).toMatchObject({ url: null, headers: {} })
  })

  test('of an unknown task is not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('GET', '/api/v1/task/none/request'), 404, 'task_not_found')
  })
})

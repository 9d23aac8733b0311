import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi } from './make-api.ts'

const now = '2026-11-22T10:00:00.000Z'

async function makeGroup(): Promise<Api> {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g', name: 'G' })
  return api
}

const everyField = {
  id: 't',
  taskGroupId: 'g',
  name: 'Task',
  worker: 'ads/build',
  workgroup: 'account-1',
  key: 'k',
  remainingAttempts: 3,
  priority: -2,
  progressWeight: 0.5,
  isPaused: true,
  isComplete: false,
  runAfter: '2026-11-22T11:30:00.000Z',
  isSeed: true,
  errorDelayInSeconds: 1.5,
  retry: { strategy: 'exponential', factor: 2, maxSeconds: 600, jitter: 0.1 },
  timeoutSeconds: 12.5,
  input: { a: [1, null, 'x'] },
  output: [],
  errors: [],
  metadata: { campaign: '42' },
  parentIds: [],
  createdAt: now,
  busyExecuting: false,
  state: 'paused',
}

describe('a task', () => {
  test('is created with every field of the wire, always present, in its order', async () => {
    const api = await makeGroup()
    const { errors: _errors, createdAt: _createdAt, busyExecuting: _busy, state: _state, ...input } = everyField
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', {
      ...input,
      runAfter: '2026-11-22T13:30:00+02:00',
    })
    expect(task).toEqual(everyField)
    expect(Object.keys(task)).toEqual(Object.keys(everyField))
  })

  test('has the defaults of the wire', async () => {
    const api = await makeGroup()
    expect(await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })).toEqual({
      id: 't',
      taskGroupId: 'g',
      name: '',
      worker: 'w',
      workgroup: '',
      key: '',
      remainingAttempts: 5,
      priority: 0,
      progressWeight: 1,
      isPaused: false,
      isComplete: false,
      runAfter: now,
      isSeed: false,
      errorDelayInSeconds: 60,
      retry: null,
      timeoutSeconds: null,
      input: null,
      output: null,
      errors: [],
      metadata: {},
      parentIds: [],
      createdAt: now,
      busyExecuting: false,
      state: 'ready',
    })
  })

  test.each([null, '', '0001-01-01T00:00:00Z'])('has no runAfter when it is given as %j', async (runAfter) => {
    const api = await makeGroup()
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { worker: 'w', runAfter })
    expect(task).toMatchObject({ runAfter: '0001-01-01T00:00:00Z', state: 'ready' })
  })

  test('may be created the way the web page of crew-go does', async () => {
    const api = await makeGroup()
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', {
      name: 'From the page',
      worker: 'worker-a',
      workgroup: '',
      key: '',
      remainingAttempts: 5,
      isPaused: false,
      isComplete: false,
      isSeed: false,
      errorDelayInSeconds: 30,
      input: {},
      parentIds: [],
      id: '',
    })
    expect(task).toMatchObject({ name: 'From the page', worker: 'worker-a', input: {}, state: 'ready' })
  })

  test('is read by its id, and below its group only', async () => {
    const api = await makeGroup()
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })
    await api.json('POST', '/api/v1/task_groups', { id: 'other' })
    expect(await api.json('GET', '/api/v1/task/t')).toEqual(task)
    expect(await api.json('GET', '/api/v1/task_group/g/task/t')).toEqual(task)
    expectProblem(await api.call('GET', '/api/v1/task_group/other/task/t'), 404, 'task_not_found')
    expectProblem(await api.call('PUT', '/api/v1/task_group/other/task/t', { body: {} }), 404, 'task_not_found')
    expectProblem(await api.call('DELETE', '/api/v1/task_group/other/task/t'), 404, 'task_not_found')
    expectProblem(await api.call('POST', '/api/v1/task_group/other/task/t/reset'), 404, 'task_not_found')
    expectProblem(await api.call('POST', '/api/v1/task_group/other/task/t/retry'), 404, 'task_not_found')
  })

  test('is changed in every field that may change, by both addresses', async () => {
    for (const url of ['/api/v1/task/t', '/api/v1/task_group/g/task/t']) {
      const api = await makeGroup()
      const task = await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })
      const { id: _id, taskGroupId: _group, parentIds: _parents, errors: _errors, createdAt: _at, ...edit } = everyField
      expect(await api.json('PUT', url, edit)).toEqual({ ...task, ...edit })
    }
  })

  test('keeps what a change leaves out, and what may not change', async () => {
    const api = await makeGroup()
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w', name: 'n', input: [1] })
    expect(await api.json('PUT', '/api/v1/task/t', {})).toEqual(task)
    const answer = await api.json('PUT', '/api/v1/task/t', {
      ...task,
      id: 'x',
      createdAt: 'never',
      errors: ['e'],
      name: 'm',
    })
    expect(answer).toEqual({ ...task, name: 'm' })
  })

  test('wakes its children when it is set complete', async () => {
    const api = await makeGroup()
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'parent', worker: 'w' })
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'child', worker: 'w', parentIds: ['parent'] })
    await api.json('PUT', '/api/v1/task/parent', { isComplete: true, output: { done: true } })
    expect(await api.json('GET', '/api/v1/task/child')).toMatchObject({ state: 'ready' })
  })

  test('is deleted', async () => {
    const api = await makeGroup()
    for (const [id, url] of [['a', '/api/v1/task/a'] as const, ['b', '/api/v1/task_group/g/task/b'] as const]) {
      await api.json('POST', '/api/v1/task_group/g/tasks', { id, worker: 'w' })
      expect(await api.json('DELETE', url)).toEqual({ id, deleted: true })
      expectProblem(await api.call('GET', url), 404, 'task_not_found')
    }
  })

  test('is reset, with all below it when asked', async () => {
    const api = await makeGroup()
    await api.json('POST', '/api/v1/task_group/g/tasks/batch', {
      tasks: [
        { id: 'parent', worker: 'w', isComplete: true, output: 1 },
        { id: 'child', worker: 'w', isComplete: true, output: 2, parentIds: ['parent'] },
      ],
    })
    const alone = await api.json('POST', '/api/v1/task_group/g/task/parent/reset', { remainingAttempts: 2 })
    expect(alone).toMatchObject({ id: 'parent', isComplete: false, output: null, remainingAttempts: 2 })
    expect(await api.json('GET', '/api/v1/task/child')).toMatchObject({ output: 2 })
    const deep = await api.json('POST', '/api/v1/task/parent/reset', { descendants: true })
    expect(deep).toMatchObject({ remainingAttempts: 5 })
    expect(await api.json('GET', '/api/v1/task/child')).toMatchObject({
      isComplete: false,
      output: null,
      state: 'blocked',
    })
  })

  test('is retried', async () => {
    const api = await makeGroup()
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 't', worker: 'w', remainingAttempts: 0 })
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'failed' })
    expect(await api.json('POST', '/api/v1/task/t/retry')).toMatchObject({ state: 'ready', remainingAttempts: 5 })
    const body = { remainingAttempts: 9 }
    expect(await api.json('POST', '/api/v1/task_group/g/task/t/retry', body)).toMatchObject({ remainingAttempts: 9 })
  })
})

describe('the list of tasks', () => {
  test('is oldest first, paged, searched and filtered', async () => {
    const api = await makeGroup()
    await api.json('POST', '/api/v1/task_group/g/tasks/batch', {
      tasks: [
        { id: 'a', worker: 'w1', name: 'First', metadata: { campaign: '1', lang: 'de' } },
        { id: 'b', worker: 'w2', workgroup: 'wg', key: 'k', isComplete: true },
        { id: 'c', worker: 'w2', isPaused: true, metadata: { campaign: '1' } },
      ],
    })
    const idsOf = async (query: string) => {
      const { tasks, count } = await api.json('GET', `/api/v1/task_group/g/tasks${query}`)
      return `${tasks.map((task: { id: string }) => task.id).join('')} of ${count}`
    }
    expect(await idsOf('')).toBe('abc of 3')
    expect(await idsOf('?page=2&pageSize=2')).toBe('c of 3')
    expect(await idsOf('?pageSize=0&page=1')).toBe('abc of 3')
    expect(await idsOf('?search=first')).toBe('a of 1')
    expect(await idsOf('?skipCompleted=true')).toBe('ac of 2')
    expect(await idsOf('?skipCompleted=false')).toBe('abc of 3')
    expect(await idsOf('?state=paused')).toBe('c of 1')
    expect(await idsOf('?state=succeeded,paused,paused')).toBe('bc of 2')
    expect(await idsOf('?state=&worker=&search=')).toBe('abc of 3')
    expect(await idsOf('?worker=w2')).toBe('bc of 2')
    expect(await idsOf('?workgroup=wg')).toBe('b of 1')
    expect(await idsOf('?key=k')).toBe('b of 1')
    expect(await idsOf('?metadata.campaign=1')).toBe('ac of 2')
    expect(await idsOf('?metadata.campaign=1&metadata.lang=de')).toBe('a of 1')
  })

  test('leaves only the children of a task', async () => {
    const api = await makeGroup()
    const tasks = [
      { id: 'parent', worker: 'w' },
      { id: 'child', worker: 'w', parentIds: ['parent'] },
      { id: 'grandchild', worker: 'w', parentIds: ['child'] },
    ]
    await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks })
    const listed = await api.json('GET', '/api/v1/task_group/g/tasks?parent=parent')
    expect(listed).toMatchObject({ tasks: [{ id: 'child' }], count: 1 })
  })

  test('comes without payloads when they are not asked for', async () => {
    const api = await makeGroup()
    const { input, output, ...others } = await api.json('POST', '/api/v1/task_group/g/tasks', {
      worker: 'w',
      input: { to: 'bob' },
      output: [1],
      isComplete: true,
    })
    expect([input, output]).toEqual([{ to: 'bob' }, [1]])
    const bare = await api.call('GET', '/api/v1/task_group/g/tasks?payloads=false')
    expect(bare.json()).toEqual({ tasks: [others], count: 1 })
    expect(Object.keys(bare.json().tasks[0])).toEqual(Object.keys(others))
    const whole = await api.json('GET', '/api/v1/task_group/g/tasks?payloads=true')
    expect(whole.tasks).toEqual([{ ...others, input, output }])
  })

  test('of a group that does not exist is not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('GET', '/api/v1/task_group/none/tasks'), 404, 'group_not_found')
  })
})

describe('the graph', () => {
  test('is told field by field, without payloads', async () => {
    const api = await makeGroup()
    const tasks = [
      { id: 'a', worker: 'mail', name: 'First', input: 'secret', isComplete: true },
      { id: 'b', worker: 'sms', parentIds: ['a'] },
      { id: 'c', worker: 'mail', parentIds: ['b', 'a'] },
    ]
    await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks })
    const graph = await api.json('GET', '/api/v1/task_group/g/graph')
    expect(graph).toEqual({
      count: 3,
      workers: ['mail', 'sms'],
      states: ['blocked', 'scheduled', 'retrying', 'throttled', 'ready', 'paused', 'running', 'succeeded', 'failed'],
      ids: ['a', 'b', 'c'],
      names: ['First', '', ''],
      worker: [0, 1, 0],
      state: [7, 4, 0],
      parents: [[], [0], [1, 0]],
      isPartial: false,
    })
  })

  test('of an empty group is empty, and of none is not found', async () => {
    const api = await makeGroup()
    expect(await api.json('GET', '/api/v1/task_group/g/graph')).toMatchObject({ count: 0, ids: [], parents: [] })
    expectProblem(await api.call('GET', '/api/v1/task_group/none/graph'), 404, 'group_not_found')
  })
})

describe('a batch', () => {
  test('is answered in the order given', async () => {
    const api = await makeGroup()
    const tasks = [
      { id: 'late', worker: 'w', parentIds: ['early'] },
      { id: 'early', worker: 'w' },
    ]
    const answer = await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks })
    expect(answer).toMatchObject({
      tasks: [
        { id: 'late', state: 'blocked' },
        { id: 'early', state: 'ready' },
      ],
      count: 2,
    })
  })

  test('takes ten thousand tasks', async () => {
    const api = await makeGroup()
    const tasks = Array.from({ length: 10_000 }, (_, i) => ({ id: `t${i}`, worker: 'w', input: i }))
    expect((await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks })).count).toBe(10_000)
    expect((await api.json('GET', '/api/v1/task_group/g/tasks?pageSize=0')).tasks).toHaveLength(10_000)
  })

  test('may be empty', async () => {
    const api = await makeGroup()
    expect(await api.json('POST', '/api/v1/task_group/g/tasks/batch', { tasks: [] })).toEqual({ tasks: [], count: 0 })
  })
})

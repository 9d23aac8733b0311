import { describe, expect, test } from 'vitest'
import { expectProblem, makeApi } from './make-api.ts'

const long = (length: number) => 'x'.repeat(length)
const notText = [5, true, [], {}]
const notNumber = ['5', true, [], {}, null]
const notFlag = ['true', 1, 0, null, [], {}]

/** For every field of a task what it must not be. */
const badTask: Readonly<Record<string, readonly unknown[]>> = {
  id: [5, true, [], {}, 'a b', 'ä', '../x', 'a/b', "a'b", long(129), 'a\u0000', '{c1}', '*'],
  name: [...notText, long(1001), '\ud800', 'a\u0000b'],
  worker: [
    5,
    true,
    null,
    [],
    {},
    '',
    '/x',
    'a//../b',
    'a?b',
    'a#b',
    '@evil.com',
    'a b',
    long(257),
    '%2e%2e',
    '\\\\evil',
  ],
  workgroup: [...notText, long(257), '\udc00'],
  key: [...notText, long(257), '\u0000'],
  remainingAttempts: [...notNumber, -1, 1.5, 2 ** 53],
  priority: [...notNumber, 0.5, 2 ** 53],
  progressWeight: [...notNumber, 0, -1, 1e7],
  isPaused: notFlag,
  isComplete: notFlag,
  runAfter: [5, true, [], {}, 'tomorrow', '2026-02-30T00:00:00Z', '2026-11-22', '2026-11-22T10:00:00'],
  isSeed: notFlag,
  errorDelayInSeconds: [...notNumber, -0.1, 1e12],
  retry: [5, 'fixed', true, [], { strategy: 'other' }, { factor: 0 }, { maxSeconds: 'x' }, { jitter: 2 }],
  timeoutSeconds: ['5', true, [], {}, 0, -1, 1e9],
  metadata: [
    5,
    'x',
    true,
    [],
    { a: 1 },
    { a: null },
    { a: long(2000) },
    { [long(300)]: 'x' },
    { a: '\ud800' },
    many(33),
  ],
  parentIds: [5, 'x', true, {}, [5], ['a b'], [null], [['x']]],
}

const badGroup: Readonly<Record<string, readonly unknown[]>> = {
  id: badTask.id ?? [],
  name: badTask.name ?? [],
  metadata: badTask.metadata ?? [],
  keyScope: ['', 'all', 5, null, true, [], {}],
  onTaskFailure: ['', 'stop', 'failfast', 5, null, true, [], {}],
  notify: [5, 'https://e.com', true, {}, Array(11).fill({ url: 'https://e.com' })],
  finally: [5, 'w', true, []],
  isPaused: badTask.isPaused ?? [],
}

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))
}

/** There, or at a part of what is there. */
const within = (pointer: string) => expect.stringMatching(new RegExp(`^${pointer}(/[A-Za-z]+)?$`))

const cases = (fields: Readonly<Record<string, readonly unknown[]>>) =>
  Object.entries(fields).map(([field, values]) => ({ field, values }))

describe('a task', () => {
  test.each(cases(badTask))('is not created with a bad $field', async ({ field, values }) => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const before = await api.fingerprint()
    for (const value of values) {
      const body = { worker: 'w', [field]: value }
      const single = await api.call('POST', '/api/v1/task_group/g/tasks', { body })
      expect(expectProblem(single, 422, 'invalid_request').errors).toMatchObject([{ pointer: within(`/${field}`) }])
      const inGraph = await api.call('POST', '/api/v1/task_groups/graph', { body: { tasks: [{ worker: 'w' }, body] } })
      expect(expectProblem(inGraph, 422, 'invalid_request').errors).toMatchObject([
        { pointer: within(`/tasks/1/${field}`) },
      ])
    }
    expect(await api.fingerprint()).toBe(before)
  })

  const { id: _id, parentIds: _parentIds, ...editable } = badTask
  test.each(cases(editable))('is not given a bad $field', async ({ field, values }) => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    const before = await api.fingerprint()
    for (const value of values) {
      const answer = await api.call('PUT', '/api/v1/task/t', { body: { [field]: value } })
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: within(`/${field}`) }])
    }
    expect(await api.fingerprint()).toBe(before)
  })

  test('is not created without a worker', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    for (const body of [{}, { name: 'x' }, undefined]) {
      const answer = await api.call('POST', '/api/v1/task_group/g/tasks', body === undefined ? {} : { body })
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/worker' }])
    }
  })

  test('takes a field named __proto__ as one that it does not know', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const raw = '{"worker":"w","__proto__":{"priority":7,"polluted":1},"metadata":{"__proto__":"x","constructor":"y"}}'
    const answer = await api.call('POST', '/api/v1/task_group/g/tasks', { raw })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().priority).toBe(0)
    expect(answer.body).toContain('"metadata":{"__proto__":"x","constructor":"y"}')
    expect('polluted' in {}).toBe(false)
  })
})

describe('a group', () => {
  test.each(cases(badGroup))('is not created with a bad $field', async ({ field, values }) => {
    const api = await makeApi()
    const before = await api.fingerprint()
    for (const value of values) {
      for (const url of ['/api/v1/task_groups', '/api/v1/task_groups/graph']) {
        const answer = await api.call('POST', url, { body: { tasks: [], [field]: value } })
        expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: `/${field}` }])
      }
    }
    expect(await api.fingerprint()).toBe(before)
  })

  const { id: _id, isPaused: _isPaused, ...editable } = badGroup
  test.each(cases(editable))('is not given a bad $field', async ({ field, values }) => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const before = await api.fingerprint()
    for (const value of values) {
      const answer = await api.call('PUT', '/api/v1/task_group/g', { body: { [field]: value } })
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: `/${field}` }])
    }
    expect(await api.fingerprint()).toBe(before)
  })
})

describe('a query', () => {
  const badPaging = {
    page: ['0', '-1', '1.5', 'x', '1e3', '1&page=2', '99999999999999999999'],
    pageSize: ['-1', '10001', 'x', '1e9', 'NaN', '5&pageSize=6'],
  }
  const badGroupList = {
    ...badPaging,
    state: ['done', 'ACTIVE', 'active&state=paused', 'active,', 'ready', long(201)],
    failing: ['yes', '1'],
    createdAfter: ['yesterday', '2026-13-01T00:00:00Z', '1700000000000', long(65)],
    createdBefore: ['2026-01-01'],
    sort: ['state', '-NAME', 'name,createdAt'],
  }
  const badTaskList = {
    ...badPaging,
    search: [long(201), 'a&search=b'],
    skipCompleted: ['yes', '1', 'TRUE'],
    state: ['done', 'READY', 'ready&state=paused', 'ready,done', 'ready,', ',', long(201)],
    worker: [long(257), 'a&worker=b'],
    workgroup: [long(257)],
    key: [long(257)],
    parent: [long(129)],
    payloads: ['no', '0'],
    'metadata.a': ['1&metadata.a=2'],
  }
  test.each([
    ...cases(badGroupList).map((one) => ({ ...one, url: '/api/v1/task_groups' })),
    ...cases(badPaging).map((one) => ({ ...one, url: '/api/v1/workgroups' })),
    ...cases(badTaskList).map((one) => ({ ...one, url: '/api/v1/task_group/g/tasks' })),
    { field: 'types', values: ['task.unknown', 'task.created,', 'x'], url: '/api/v1/events' },
    { field: 'taskGroup', values: [long(200)], url: '/api/v1/events' },
  ])('of $url is refused with a bad $field, by its name', async ({ field, values, url }) => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    for (const value of values) {
      const answer = await api.call('GET', `${url}?${field}=${value}`)
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: `/${field}` }])
    }
  })

  test('may hold what nobody asks for', async () => {
    const api = await makeApi()
    await api.json('GET', '/api/v1/task_groups?q=1&page_size=20&__proto__=x&constructor=y')
  })
})

import { describe, expect, test } from 'vitest'
import type { Task } from '../../server/core/task.ts'
import { taskFields } from '../../server/core/task-input.ts'
import { type Api, expectProblem, makeApi } from '../api/make-api.ts'
import { readOperations } from '../api/operations.ts'

/**
 * Everything that the server alone says of a task, as clients see it and as it is stored, each with a value of its type that it does
 * not have: so a field that is added later is tried as well.
 */
async function forge(api: Api, id: string): Promise<Record<string, unknown>> {
  const shown: object = await api.json('GET', `/api/v1/task/${id}`)
  const known: readonly string[] = taskFields
  const owned = Object.entries({ ...(await stored(api, id)), ...shown }).filter(([name]) => !known.includes(name))
  expect(owned.length).toBeGreaterThan(12)
  return Object.fromEntries(owned.map(([name, value]) => [name, otherThan(value)]))
}

function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value + 99
  if (typeof value === 'string') return 'other'
  if (typeof value === 'boolean') return !value
  return Array.isArray(value) ? ['forged'] : { token: 'forged', until: 9e15, version: 99 }
}

async function stored(api: Api, id: string): Promise<Task> {
  const [task] = await api.storage.getTasks([id])
  if (task === undefined) throw new Error(`${id} is not stored`)
  return task
}

/** A group with a parent and a child, and another with a stranger. */
async function makeGroups(): Promise<Api> {
  const api = await makeApi()
  const family = [
    { id: 'parent', worker: 'w' },
    { id: 'child', worker: 'w', parentIds: ['parent'] },
  ]
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: family })
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'other', tasks: [{ id: 'stranger', worker: 'w' }] })
  return api
}

describe('what the server alone says of a task is not taken', () => {
  test('when it is created alone, in a batch and in a graph: it is the task that it would have been', async () => {
    const api = await makeGroups()
    const url = '/api/v1/task_group/g/tasks'
    const plain = { worker: 'w', parentIds: ['parent'] }
    await api.json('POST', url, { ...plain, id: 'plain' })
    const forged = { ...(await forge(api, 'plain')), ...plain }
    await api.json('POST', url, { ...forged, id: 'alone' })
    await api.json('POST', `${url}/batch`, { tasks: [{ ...forged, id: 'batched' }] })
    await api.json('POST', '/api/v1/task_groups/graph', {
      ...forged,
      id: 'graph',
      counts: { succeeded: 9 },
      stoppedBy: { taskId: 'x', at: 0 },
      isSettled: true,
      tasks: [
        { id: 'first', worker: 'w' },
        { ...forged, id: 'below', parentIds: ['first'] },
      ],
    })
    for (const id of ['alone', 'batched'])
      expect({ ...(await stored(api, id)), id: 'plain' }).toEqual(await stored(api, 'plain'))
    expect(await api.json('GET', '/api/v1/task/below')).toMatchObject({
      taskGroupId: 'graph',
      state: 'blocked',
      errors: [],
    })
    expect(await api.json('GET', '/api/v1/task_group/graph')).toMatchObject({
      state: 'active',
      stoppedBy: null,
      counts: { succeeded: 0, ready: 1, blocked: 1 },
    })
  })

  test('when it is changed: nothing is', async () => {
    const api = await makeGroups()
    const before = await stored(api, 'child')
    await api.json('PUT', '/api/v1/task/child', { ...(await forge(api, 'child')), parentIds: [], id: 'parent' })
    const { version } = await stored(api, 'child')
    expect(await stored(api, 'child')).toEqual({ ...before, version })
    expect(version).toBeLessThanOrEqual(before.version + 1)
    expect((await api.json('GET', '/api/v1/task/child')).state).toBe('blocked')
  })

  test('nor of users and tokens', async () => {
    const api = await makeApi()
    const forged = {
      isConfigured: true,
      passwordHash: 'hash of forged',
      digest: 'forged',
      id: 'forged',
      secret: 'crew_forged_x',
      createdBy: 'forged',
      lastUsedAt: '2001-01-01T00:00:00.000Z',
    }
    const user = { name: 'dana', role: 'viewer', password: 'a long password' }
    expect(await api.json('POST', '/api/v1/users', { ...forged, ...user })).toMatchObject({ isConfigured: false })
    await api.json('PUT', '/api/v1/user/dana', forged)
    await api.json('POST', '/login', { username: 'dana', password: user.password })
    const body = { username: 'dana', password: 'forged' }
    expectProblem(await api.call('POST', '/login', { body }), 401, 'login_failed')
    const token = await api.json('POST', '/api/v1/tokens', { ...forged, name: 'ci', role: 'viewer' })
    expect(token).toMatchObject({ createdBy: 'CREW_AUTH_TOKEN', lastUsedAt: null })
    expect([token.id, token.secret]).not.toContain('forged')
  })
})

describe('a task is only found below its own group', () => {
  test('by every route that names both', async () => {
    const api = await makeGroups()
    const operations = (await readOperations(api)).filter(({ path }) => /\{gid\}.*\{tid\}/.test(path))
    expect(operations.length).toBeGreaterThanOrEqual(5)
    const before = await api.fingerprint()
    for (const { method, path } of operations) {
      const url = path.replace('{gid}', 'g').replace('{tid}', 'stranger')
      expectProblem(await api.call(method, url), 404, 'task_not_found')
    }
    expect(await api.fingerprint()).toBe(before)
  })

  test('nor does a list, a graph or a bulk operation of a group reach into another', async () => {
    const api = await makeGroups()
    const ids = async (url: string): Promise<string[]> =>
      (await api.json('GET', url)).tasks.map(({ id }: { id: string }) => id)
    expect(await ids('/api/v1/task_group/g/tasks?parent=stranger')).toEqual([])
    expect(await ids('/api/v1/task_group/g/tasks?search=stranger')).toEqual([])
    const attempts = await api.call('GET', '/api/v1/task_group/g/attempts?ids=stranger')
    expect(attempts.body).not.toContain('stranger')
    const filter = { taskGroup: 'g', search: 'stranger' }
    const order = { dryRun: true, action: 'delete', target: 'tasks', filter }
    expect((await api.json('POST', '/api/v1/bulk', order)).count).toBe(0)
  })
})

test.each<[string, string, object]>([
  ['PUT', '/api/v1/worker/w', {}],
  ['PUT', '/api/v1/workgroup/x', {}],
  ['PUT', '/api/v1/traffic', {}],
  ['PUT', '/api/v1/notifications', { notify: [] }],
  ['POST', '/api/v1/bulk', { dryRun: true, action: 'pause', target: 'tasks', filter: { state: 'ready', misspelt: 1 } }],
])('%s %s refuses a field that it does not know: a limit or a condition would be none', async (method, url, body) => {
  const api = await makeApi()
  const before = await api.fingerprint()
  const answer = await api.call(method, url, { body: 'filter' in body ? body : { ...body, misspelt: 1 } })
  const { errors } = expectProblem(answer, 422, 'invalid_request')
  expect(errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    'filter' in body ? '/filter/misspelt' : '/misspelt',
  ])
  expect(await api.fingerprint()).toBe(before)
})

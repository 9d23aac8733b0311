import { expect, test } from 'vitest'
import { type Api, listTasks } from './support/api-client.ts'
import { eventually } from './support/waiting.ts'
import { makeGroup, makeWorld } from './support/world.ts'

const MANY = 10_000
const MEBIBYTE = 1024 * 1024

const chain = (index: number) => ({
  id: `b${index}`,
  worker: `w${index % 7}`,
  input: { index },
  parentIds: index % 10 === 0 ? [] : [`b${index - 1}`],
})

test('ten thousand tasks are created in one call, in any order, and all of them run', async () => {
  const { api, worker, groupId } = await makeWorld({ env: { CREW_LOG_LEVEL: 'error' } })
  const tasks = Array.from({ length: MANY }, (_, index) => chain(index)).reverse()
  const answer = await api.post<{ tasks: unknown[]; count: number }>(`/api/v1/task_group/${groupId}/tasks/batch`, {
    tasks,
  })
  expect([answer.count, answer.tasks.length]).toEqual([MANY, MANY])
  await eventually('all are complete', async () => {
    const group = await api.get<{ completedPercent: number; state: string }>(`/api/v1/task_group/${groupId}`)
    return group.state === 'succeeded' && group.completedPercent === 1
  })
  expect(worker.deliveries).toHaveLength(MANY)
  expect(new Set(worker.deliveries.map(({ taskId }) => taskId)).size).toBe(MANY)
})

test('ten thousand tasks come with their group in one call', async () => {
  const { api } = await makeWorld({ env: { CREW_LOG_LEVEL: 'error' } })
  const tasks = Array.from({ length: MANY }, (_, index) => chain(index))
  await api.post('/api/v1/task_groups/graph', { id: 'all', name: 'all', isPaused: true, tasks })
  const stored = await listTasks(api, 'all')
  expect(stored).toHaveLength(MANY)
  expect(new Set(stored.map(({ state }) => state))).toEqual(new Set(['paused']))
})

test('one task more than that is refused, and nothing of it is created', async () => {
  const { api, groupId } = await makeWorld()
  const tasks = Array.from({ length: MANY + 1 }, (_, index) => chain(index))
  await expectRefused(api, { path: `/api/v1/task_group/${groupId}/tasks/batch`, body: { tasks }, status: 422 })
})

test('a fault in the last of ten thousand tasks keeps all of them out', async () => {
  const { api, groupId } = await makeWorld()
  const tasks = Array.from({ length: MANY }, (_, index) => chain(index))
  tasks[MANY - 1] = { ...chain(MANY - 1), parentIds: ['nobody'] }
  await expectRefused(api, { path: `/api/v1/task_group/${groupId}/tasks/batch`, body: { tasks }, status: 422 })
})

test('a body of twenty megabytes is refused, and the server goes on', async () => {
  const { api, groupId } = await makeWorld()
  const body = JSON.stringify({ worker: 'any', input: 'x'.repeat(20 * MEBIBYTE) })
  await expectRefused(api, { path: `/api/v1/task_group/${groupId}/tasks`, body, status: 413 })
  await expectRefused(api, { path: '/api/v1/task_groups/graph', body, status: 413 })
  const { id } = await makeGroup(api)
  expect(await api.get(`/api/v1/task_group/${id}`)).toMatchObject({ state: 'empty' })
})

/** Everything that can be read, before and after. */
async function expectRefused(api: Api, call: { path: string; body: unknown; status: number }): Promise<void> {
  const before = await readAll(api)
  const { status, headers, text } = await api.call('POST', call.path, call.body)
  expect([status, headers['content-type']]).toEqual([call.status, 'application/problem+json; charset=utf-8'])
  expect(JSON.parse(text)).toMatchObject({ status: call.status })
  expect(await readAll(api)).toEqual(before)
}

async function readAll(api: Api): Promise<unknown[]> {
  const groups = await api.get<{ taskGroups: { id: string }[] }>('/api/v1/task_groups?pageSize=0')
  const tasks = await Promise.all(groups.taskGroups.map(({ id }) => listTasks(api, id)))
  return [groups, tasks, await api.get('/api/v1/workgroups')]
}

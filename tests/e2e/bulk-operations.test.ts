import { expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { type Api, listTasks, type TaskJson } from './support/api-client.ts'
import type { Crew } from './support/crew.ts'
import { eventually, once } from './support/waiting.ts'
import { makeGroup, makeWorld } from './support/world.ts'

const quiet = { env: { CREW_LOG_LEVEL: 'error' } }
/** So many that there is a middle to stop in: an operation changes 200 tasks in a commit. */
const MANY = 10_000

interface Preview {
  readonly snapshot: string
  readonly count: number
  readonly byState: Readonly<Record<string, number>>
  readonly byGroup: readonly { readonly id: string; readonly count: number }[]
}

interface Operation {
  readonly id: string
  readonly state: string
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly failed: number
}

const previewRetry = (api: Api, filter: object): Promise<Preview> =>
  api.post('/api/v1/bulk', { dryRun: true, action: 'retry', target: 'tasks', filter, params: { remainingAttempts: 5 } })

const begin = (api: Api, { snapshot }: Preview): Promise<Operation> => api.post('/api/v1/bulk', { snapshot })

const readOperation = (api: Api, id: string): Promise<Operation> => api.get(`/api/v1/bulk/${id}`)

const finished = (api: Api, id: string): Promise<Operation> =>
  eventually('the operation is finished', async () => {
    const operation = await readOperation(api, id)
    return operation.state === 'finished' && operation
  })

/** A group of tasks that failed for good. */
async function makeFailed(api: Api, count: number, isPaused = false): Promise<string> {
  const { id } = await makeGroup(api, { isPaused })
  const tasks = Array.from({ length: count }, () => ({ worker: 'any', remainingAttempts: 0 }))
  await api.post(`/api/v1/task_group/${id}/tasks/batch`, { tasks })
  return id
}

const isRetried = ({ remainingAttempts }: TaskJson): boolean => remainingAttempts === 5

test('a thousand failed tasks are previewed by a filter, retried within seconds, and run', async () => {
  const { api, worker } = await makeWorld(quiet)
  const groupId = await makeFailed(api, 1000)
  await makeFailed(api, 5)
  const preview = await previewRetry(api, { taskGroup: groupId, state: 'failed' })
  expect(preview).toMatchObject({ count: 1000, byState: { failed: 1000 }, byGroup: [{ id: groupId, count: 1000 }] })
  expect(worker.deliveries).toHaveLength(0)
  const began = performance.now()
  const { id } = await begin(api, preview)
  expect(await finished(api, id)).toMatchObject({ total: 1000, done: 1000, skipped: 0, failed: 0 })
  expect(awakeMs(began)).toBeLessThan(5000)
  await eventually('all of them succeeded', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded'
  })
  expect(new Set(worker.deliveries.map(({ taskId }) => taskId)).size).toBe(1000)
})

test('an operation that is stopped in the middle leaves the rest as it was', async () => {
  const { api } = await makeWorld(quiet)
  // On a machine that stalls between the two calls an operation is over by then: another one has a middle.
  const { groupId, stopped } = await once(
    async () => {
      const groupId = await makeFailed(api, MANY, true)
      const { id } = await begin(api, await previewRetry(api, { taskGroup: groupId }))
      return { groupId, stopped: await api.post<Operation>(`/api/v1/bulk/${id}/stop`) }
    },
    ({ stopped }) => stopped.state !== 'finished',
  )
  expect(stopped).toMatchObject({ state: 'stopped', total: MANY, skipped: 0, failed: 0 })
  expect(stopped.done).toBeLessThan(MANY)
  const retried = (await listTasks(api, groupId)).filter(isRetried)
  expect(retried).toHaveLength(stopped.done)
})

/** Ends a server of its own while an operation runs: of another one where the machine stalled until it was over. */
const inTheMiddle = (end: (begun: { crew: Crew; api: Api; id: string }) => Promise<void>) =>
  once(
    async () => {
      const { api, crew, restart } = await makeWorld(quiet)
      const groupId = await makeFailed(api, MANY, true)
      const preview = await previewRetry(api, { taskGroup: groupId, state: 'failed' })
      const { id } = await begin(api, preview)
      await end({ crew, api, id })
      const { api: again } = await restart()
      return { groupId, preview, id, again, left: await readOperation(again, id) }
    },
    ({ left }) => left.state !== 'finished',
  )

test('an operation whose server is killed in the middle is interrupted, and goes on', async () => {
  const { groupId, preview, id, again, left } = await inTheMiddle(async ({ crew, api, id }) => {
    await eventually('some of it is done', async () => (await readOperation(api, id)).done > 0)
    await crew.kill9()
  })
  expect(left).toMatchObject({ state: 'interrupted', total: MANY, failed: 0 })
  expect(left.done).toBeGreaterThan(0)
  expect(left.done).toBeLessThan(MANY)
  // Executing the snapshot again is the same operation, and does not go on by itself.
  expect(await begin(again, preview)).toEqual(left)
  expect(await again.post(`/api/v1/bulk/${id}/continue`)).toMatchObject({ id, state: 'running' })
  const { done, skipped } = await finished(again, id)
  expect(done + skipped).toBe(MANY)
  const tasks = await listTasks(again, groupId)
  expect([tasks.length, tasks.filter(isRetried).length]).toEqual([MANY, MANY])
})

test('an operation whose server is told to stop is interrupted, and may be given up', async () => {
  const { groupId, id, again, left } = await inTheMiddle(async ({ crew }) => {
    crew.term()
    expect(await crew.ended).toBe(0)
  })
  expect(left).toMatchObject({ state: 'interrupted' })
  expect((await listTasks(again, groupId)).filter(isRetried)).toHaveLength(left.done)
  expect(await again.post(`/api/v1/bulk/${id}/stop`)).toMatchObject({ state: 'stopped', done: left.done })
  expect((await again.call('POST', `/api/v1/bulk/${id}/continue`)).status).toBe(409)
})

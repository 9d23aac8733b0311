import { expect, test } from 'vitest'
import { type Instance, startFleet } from './redis/fleet.ts'
import type { Api } from './support/api-client.ts'
import { answerBytes, type Delivery, type WorkerAnswer } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

interface GroupJson {
  readonly state: string
  readonly counts: Readonly<Record<string, number>>
  readonly stoppedBy: { readonly taskId: string; readonly at: string } | null
}

const readGroup = (api: Api): Promise<GroupJson> => api.get('/api/v1/task_group/g')

const reached = (api: Api, state: string): Promise<unknown> =>
  eventually(`the group is ${state}`, async () => (await readGroup(api)).state === state)

const createGraph = (api: Api, onTaskFailure: string, tasks: readonly object[]): Promise<unknown> =>
  api.post('/api/v1/task_groups/graph', {
    id: 'g',
    onTaskFailure,
    tasks: tasks.map((task) => ({ worker: 'good', remainingAttempts: 1, ...task })),
  })

/** Until it is mended, the worker `bad` refuses: no fault of its own, so its breaker stays closed. */
function flakyWorker() {
  const state = { isMended: false }
  const respond = ({ worker }: Delivery): WorkerAnswer =>
    worker === 'bad' && !state.isMended ? { body: { error: 'no' } } : { body: { output: 1 } }
  return { state, respond }
}

test('with continue all that can run runs, the group fails at the end, and a retry makes it succeed', async () => {
  const { state, respond } = flakyWorker()
  const { api, worker } = await makeWorld({ respond })
  const tasks = [
    { id: 'a', worker: 'bad' },
    { id: 'b', parentIds: ['a'] },
    { id: 'c', parentIds: ['b'] },
  ]
  await createGraph(api, 'continue', tasks)
  await reached(api, 'failed')
  expect((await readGroup(api)).counts).toMatchObject({ failed: 1, succeeded: 2 })
  state.isMended = true
  await api.post('/api/v1/task_group/g/retry', {})
  await reached(api, 'succeeded')
  expect(worker.deliveries.map(({ taskId }) => taskId)).toEqual(['a', 'b', 'c', 'a'])
})

test('with failFast nothing starts after the first failure, also not after kill -9, until somebody retries', async () => {
  const { state, respond } = flakyWorker()
  const world = await makeWorld({ respond })
  const below = Array.from({ length: 20 }, (_, n) => ({ id: `below-${n}`, parentIds: ['slow'] }))
  const answer = Promise.withResolvers<void>()
  world.worker.respond = (delivery, socket) => {
    if (delivery.taskId !== 'slow') return respond(delivery)
    void answer.promise.then(() => socket.write(answerBytes({ body: { output: 1 } })))
    return 'taken'
  }
  await createGraph(world.api, 'failFast', [{ id: 'slow' }, { id: 'a', worker: 'bad' }, ...below])
  await eventually('the failure has stopped it', async () => (await readGroup(world.api)).stoppedBy)
  answer.resolve()
  await reached(world.api, 'failed')
  const stopped = await readGroup(world.api)
  expect(stopped).toMatchObject({ stoppedBy: { taskId: 'a' }, counts: { failed: 1, succeeded: 1, paused: 20 } })
  await world.crew.kill9()
  const { api } = await world.restart()
  expect(await readGroup(api)).toEqual(stopped)
  const why = await api.get<{ reasons: { code: string; ref: string }[] }>('/api/v1/task/below-0/why')
  expect(why.reasons[0]).toMatchObject({ code: 'group_stopped', ref: 'a' })
  expect(world.worker.deliveries.map(({ taskId }) => taskId).toSorted()).toEqual(['a', 'slow'])
  state.isMended = true
  await api.post('/api/v1/task/a/retry', {})
  await reached(api, 'succeeded')
})

/** On a busy machine either: each POST counts here. */
const NO_LEASE_ENDS = { CREW_LEASE_MS: '30000' }

test('on several servers and one Redis many failures at the same moment stop the group once, and nothing starts after', async () => {
  const { state, respond } = flakyWorker()
  const fleet = await startFleet({ size: 3, respond, env: NO_LEASE_ENDS })
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const bad = Array.from({ length: 30 }, (_, n) => ({ id: `bad-${n}`, worker: 'bad' }))
  const below = bad.map(({ id }, n) => ({ id: `below-${n}`, parentIds: [id] }))
  await createGraph(api, 'failFast', [...bad, ...below])
  await reached(api, 'failed')
  const { counts, stoppedBy } = await readGroup(api)
  expect(stoppedBy?.taskId).toMatch(/^bad-/)
  expect(fleet.worker.deliveries).toHaveLength(counts.failed ?? 0)
  expect(fleet.worker.deliveries.filter(({ taskId }) => taskId.startsWith('below'))).toEqual([])
  expect(await fleet.audit()).toEqual([])
  state.isMended = true
  await api.post('/api/v1/task_group/g/retry', {})
  await reached(api, 'succeeded')
  expect(await fleet.audit()).toEqual([])
})

test('on several servers and one Redis a group that continues ends, and its books are right', async () => {
  const { respond } = flakyWorker()
  const fleet = await startFleet({ size: 3, respond, env: NO_LEASE_ENDS })
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const rows = Array.from({ length: 40 }, (_, n) => [
    { id: `a-${n}`, worker: n % 3 === 0 ? 'bad' : 'good' },
    { id: `b-${n}`, parentIds: [`a-${n}`, `a-${(n + 1) % 40}`], worker: n % 5 === 0 ? 'bad' : 'good' },
  ])
  await createGraph(api, 'continue', [...rows.flat(), { id: 'end', parentIds: rows.map((_, n) => `b-${n}`) }])
  await reached(api, 'failed')
  expect((await readGroup(api)).counts).toMatchObject({ failed: 14 + 8, succeeded: 26 + 32 + 1 })
  expect(await fleet.audit()).toEqual([])
})

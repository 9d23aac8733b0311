import { expect, test } from 'vitest'
import { type Instance, startFleet } from './redis/fleet.ts'
import { eventually } from './support/waiting.ts'

interface WorkerJson {
  readonly timeoutSeconds: number | null
  readonly maxConcurrent: number | null
  readonly isPaused: boolean
  readonly figures: { readonly attemptsPerMinute: number }
}

test('settings made at one server are those of all, and figures are those of all together', async () => {
  const fleet = await startFleet({ size: 2, respond: () => ({ body: {}, delayMs: 20 }) })
  const [a, b] = fleet.instances as [Instance, Instance]
  const read = ({ api }: Instance) => api.get<WorkerJson>('/api/v1/worker/shop/orders')
  const at = (instance: Instance, what: string, check: (worker: WorkerJson) => boolean) =>
    eventually(what, async () => check(await read(instance)))

  await a.api.put('/api/v1/worker/shop/*', { timeoutSeconds: 7, maxConcurrent: 4 })
  const tasks = Array.from({ length: 60 }, (_, i) => ({ id: `t${i}`, worker: 'shop/orders' }))
  const { id } = await a.api.post<{ id: string }>('/api/v1/task_groups/graph', { tasks })
  await at(
    b,
    'the rule is known at the other server',
    (worker) => worker.timeoutSeconds === 7 && worker.maxConcurrent === 4,
  )
  await b.api.put('/api/v1/worker/shop/orders', { timeoutSeconds: 8 })
  await at(
    a,
    'its own settings are known at the first',
    (worker) => worker.timeoutSeconds === 8 && worker.maxConcurrent === 4,
  )

  await eventually(
    'all ran',
    async () => (await a.api.get<{ state: string }>(`/api/v1/task_group/${id}`)).state === 'succeeded',
  )
  for (const instance of [a, b])
    await at(instance, 'the figures of both add up', ({ figures }) => figures.attemptsPerMinute === 12)

  await a.api.put('/api/v1/worker/shop/orders', { isPaused: true })
  expect(await read(b)).toMatchObject({ isPaused: true })
  await b.api.delete('/api/v1/worker/shop/orders')
  await at(a, 'it has the settings of the rule again', (worker) => worker.timeoutSeconds === 7 && !worker.isPaused)
})

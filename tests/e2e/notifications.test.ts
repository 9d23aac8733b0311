import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { makeDir, startCrew } from './support/crew.ts'
import { type Delivery, startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

const SECRET = `whsec_${randomBytes(32).toString('base64')}`
const KEY = randomBytes(32).toString('base64')

/** Where several servers of a test follow each other. */
const stores = {
  sqlite: async () => ({}),
  redis: async () => {
    const redis = await startRedisServer({ isOwn: true, appendonly: 'always' })
    onTestFinished(() => redis.stop())
    return { CREW_STORAGE: redis.url }
  },
  /** A group and its deliveries are in different partitions: no commit has both. */
  cluster: async () => {
    const cluster = await startRedisCluster({ appendonly: 'always' })
    onTestFinished(() => cluster.stop())
    return { CREW_STORAGE: cluster.url }
  },
}

interface Told {
  readonly id: string
  readonly type: string
  readonly of: string
}

/** A receiver that refuses everything so many times before it takes it. */
async function startReceiver(refusals: number) {
  const told: Told[] = []
  const unsigned: Delivery[] = []
  const tries = new Map<string, number>()
  const receiver = await startWorker((delivery) => {
    const id = delivery.headers.get('webhook-id') ?? ''
    const count = (tries.get(id) ?? 0) + 1
    tries.set(id, count)
    // No fault: ten of those in a row, as come where everything is late, would open its breaker.
    if (count <= refusals) return { status: 404, body: { retryAfterSeconds: 0 } }
    try {
      new Webhook(SECRET).verify(delivery.body, Object.fromEntries(delivery.headers))
    } catch {
      unsigned.push(delivery)
    }
    const { type, data } = JSON.parse(delivery.body.toString())
    told.push({ id, type, of: data.taskId ?? data.workgroup ?? data.taskGroupId })
    return { status: 202, body: 'thanks' }
  })
  return { ...receiver, told, unsigned, said: () => told.map(({ type, of }) => `${type} ${of}`) }
}

async function openWorld(engine: keyof typeof stores, { refusals, leaseMs }: { refusals: number; leaseMs: number }) {
  const dir = makeDir()
  const store = await stores[engine]()
  const receiver = await startReceiver(refusals)
  const worker = await startWorker(({ worker: name }) =>
    name === 'bad'
      ? { status: 500 }
      : name === 'busy'
        ? { status: 429, headers: { 'retry-after': '600' } }
        : { body: {} },
  )
  const env = {
    CREW_WORKER_BASE_URL: worker.url,
    CREW_EGRESS_ALLOW: '127.0.0.0/8',
    CREW_SECRET_KEY: KEY,
    CREW_LEASE_MS: String(leaseMs),
    ...store,
  }
  const start = () => startCrew({ dir, env })
  const notify = [{ url: `${receiver.url}/hook`, signingSecret: SECRET }]
  return { receiver, worker, start, notify }
}

test.each(['sqlite', 'redis', 'cluster'] as const)(
  'on %s every event is told, signed, to a receiver that refuses each twice, and the last tasks run before the ends are told',
  async (engine) => {
    const { receiver, worker, start, notify } = await openWorld(engine, { refusals: 2, leaseMs: 30_000 })
    const { api } = await start()
    await api.put('/api/v1/notifications', { notify })
    const graph = (id: string, tasks: object[], more: object = {}) =>
      api.post('/api/v1/task_groups/graph', { id, tasks, ...more })
    const never = { worker: 'w', runAfter: '2100-01-01T00:00:00Z' }
    await graph('idle', [never])
    await api.post('/api/v1/task_group/idle/pause')
    // Whom to tell is read once a second: an end before that is told to those who were there before.
    await eventually('the server knows whom to tell', async () => receiver.told.length === 1)
    const last = { finally: { worker: 'cleanup', input: { for: 'all' } } }
    await graph('good', [{ id: 'a', worker: 'w' }], last)
    await graph('poor', [{ id: 'b', worker: 'bad', remainingAttempts: 1 }], last)
    const stopped = [{ id: 'c', worker: 'bad', remainingAttempts: 1 }, never]
    await graph('stopped', stopped, { ...last, onTaskFailure: 'failFast' })
    await graph('held', [{ id: 'd', worker: 'busy', workgroup: 'shop' }])
    const expected = [
      'group.failed poor',
      'group.failed stopped',
      'group.paused idle',
      'group.succeeded good',
      'task.failed b',
      'task.failed c',
      'workgroup.held shop',
    ]
    await eventually('every event is told', async () => receiver.told.length >= expected.length)
    expect(receiver.said().toSorted()).toEqual(expected)
    expect(receiver.unsigned).toEqual([])
    const inputs = worker.deliveries
      .filter(({ worker: name }) => name === 'cleanup')
      .map(({ body }) => JSON.parse(body.toString()).input)
    expect(
      inputs.map(({ group, input }) => [group.id, group.state, group.failedTasks.length, input.for]).toSorted(),
    ).toEqual([
      ['good', 'succeeded', 0, 'all'],
      ['poor', 'failed', 1, 'all'],
      ['stopped', 'failed', 1, 'all'],
    ])
    expect(await api.get('/api/v1/task_group/stopped')).toMatchObject({ state: 'failed', stoppedBy: { taskId: 'c' } })
  },
)

test.each(['sqlite', 'redis', 'cluster'] as const)(
  'on %s what a server that was killed has not told is told by the next, and no event has two ids',
  async (engine) => {
    const { receiver, start, notify } = await openWorld(engine, { refusals: 0, leaseMs: 2000 })
    const groups = 30
    const first = await start()
    const last = { finally: { worker: 'cleanup' } }
    for (let n = 0; n < groups; n++) {
      await first.api.post('/api/v1/task_groups/graph', { id: `g${n}`, tasks: [{ worker: 'w' }], notify, ...last })
    }
    await eventually('some events are told', async () => receiver.told.length >= 5)
    await first.kill9()
    await start()
    const idsOf = (id: string) => new Set(receiver.told.filter((told) => told.of === id).map((told) => told.id))
    const ids = Array.from({ length: groups }, (_, n) => `g${n}`)
    await eventually('every end is told', async () => ids.every((id) => idsOf(id).size > 0))
    expect(ids.map((id) => idsOf(id).size)).toEqual(Array(groups).fill(1))
    expect(receiver.unsigned).toEqual([])
  },
)

import { expect, onTestFinished, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { listTasks } from './support/api-client.ts'
import { makeDir, startCrew } from './support/crew.ts'
import { startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

/** Enough that each of the three masters has some. */
const GROUPS = 24
const TASKS_PER_GROUP = 25
const TASKS = GROUPS * TASKS_PER_GROUP
const LEASE_MS = 3000
/** From the death of a master until all work goes on, with a replica that takes over. */
const MAX_RECOVERY_MS = 10_000

test('when a master of a Redis Cluster is killed, its replica takes over and every task ends', async () => {
  const cluster = await startRedisCluster({ replicas: 1, nodeTimeoutMs: 1500, appendonly: 'always' })
  onTestFinished(() => cluster.stop())
  const worker = await startWorker(() => ({ body: { output: 1 }, delayMs: 10 }))
  const env = {
    CREW_STORAGE: cluster.url,
    CREW_WORKER_BASE_URL: worker.url,
    CREW_LEASE_MS: String(LEASE_MS),
    CREW_LOG_LEVEL: 'error',
  }
  const servers = await Promise.all([startCrew({ dir: makeDir(), env }), startCrew({ dir: makeDir(), env })])
  const [{ api }] = servers
  for (let n = 0; n < GROUPS; n++) await api.post('/api/v1/task_groups/graph', graph(n))
  await eventually('a third is done', () => worker.deliveries.length > TASKS / 3)

  const killedAt = performance.now()
  const doneBefore = new Set(worker.deliveries.map(({ taskId }) => taskId))
  await cluster.masters[0].kill()
  await eventually('all of it is done', async () => (await unfinished()) === 0)
  const tookMs = awakeMs(killedAt)

  const posts = new Map<string, number>()
  for (const { taskId } of worker.deliveries) posts.set(taskId, (posts.get(taskId) ?? 0) + 1)
  const extra = [...posts.values()].filter((count) => count > 1).length
  console.log(JSON.stringify({ tasks: TASKS, doneBefore: doneBefore.size, tookMs: Math.round(tookMs), extra }))
  expect(posts.size).toBe(TASKS)
  expect(tookMs).toBeLessThan(MAX_RECOVERY_MS)
  // Only what was under way when the master died is POSTed again.
  expect(extra).toBeLessThanOrEqual(2 * 20)

  async function unfinished(): Promise<number> {
    let open = 0
    for (let n = 0; n < GROUPS; n++) {
      const { status, text } = await api.call('GET', `/api/v1/task_group/g${n}`)
      if (status !== 200) return TASKS
      open += JSON.parse(text).counts.succeeded === TASKS_PER_GROUP ? 0 : 1
    }
    return open
  }
})

test('a Cluster tells keys that would have to span groups from those that need not', async () => {
  const cluster = await startRedisCluster()
  onTestFinished(() => cluster.stop())
  const worker = await startWorker(() => ({ body: { output: 1 } }))
  const env = { CREW_STORAGE: cluster.url, CREW_WORKER_BASE_URL: worker.url, CREW_LOG_LEVEL: 'error' }
  const { api } = await startCrew({ dir: makeDir(), env })
  const refused = await api.call('POST', '/api/v1/task_groups', { name: 'n', keyScope: 'worker' })
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([422, 'key_scope_unavailable'])
  const twins = ['a', 'b'].map((id) => ({ id, worker: 'w', key: 'k' }))
  await api.post('/api/v1/task_groups/graph', { id: 'g', name: 'n', tasks: twins })
  await eventually('both end', async () => {
    const { state } = await api.get<{ state: string }>('/api/v1/task_group/g')
    return state === 'succeeded'
  })
  expect(worker.deliveries).toHaveLength(1)
  expect((await listTasks(api, 'g')).map(({ state }) => state)).toEqual(['succeeded', 'succeeded'])
  // An id is unique over all groups, wherever they are.
  for (let n = 0; n < 8; n++) {
    await api.post('/api/v1/task_groups', { id: `other${n}`, name: 'n' })
    const taken = await api.call('POST', `/api/v1/task_group/other${n}/tasks`, { id: 'a', worker: 'w' })
    expect([taken.status, JSON.parse(taken.text).code]).toEqual([409, 'duplicate_id'])
  }
})

function graph(n: number) {
  const tasks = Array.from({ length: TASKS_PER_GROUP }, (_, at) => ({
    id: `g${n}-${at}`,
    worker: 'w',
    parentIds: at > 0 && at % 5 === 0 ? [`g${n}-${at - 1}`] : [],
  }))
  return { id: `g${n}`, name: `group ${n}`, tasks }
}

import { expect, test } from 'vitest'
import type { AttemptJson } from '../../server/selftest/api-client.ts'
import { faultsOfPauses, type PauseWindow } from '../../server/selftest/group-checks.ts'
import { Index } from '../../server/selftest/history.ts'
import { type Fleet, type Instance, startFleet } from '../e2e/redis/fleet.ts'
import { type Api, listTasks, readAttempts, type TaskJson } from '../e2e/support/api-client.ts'
import { makeRandom, type Random } from '../e2e/support/random.ts'
import { eventually, inLanes, pass } from '../e2e/support/waiting.ts'
import { makeGroup } from '../e2e/support/world.ts'

const ROUNDS = 30
/** So many wait at any time, however much runs between two pauses on a machine on which calls take long. */
const BACKLOG = 1000
const WORKERS = ['w0', 'w1', 'w2', 'w3'] as const
const WORK_MS = 30
const MIN_IN_FLIGHT = 10

test('a group and a workgroup that are paused thirty times over three servers start nothing once a pause was acknowledged', async () => {
  const random = makeRandom('pauses')
  const fleet = await startFleet({
    size: 3,
    env: { CREW_MAX_IN_FLIGHT_PER_WORKER: '6' },
    respond: () => ({ body: {}, delayMs: WORK_MS }),
  })
  const groupId = await setUp(fleet)
  const { windows, inFlight } = await pauseAgainAndAgain(fleet, groupId, random)
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  await api.post(`/api/v1/task_group/${groupId}/pause`)
  await eventually('nothing runs', async () => (await countsOf(api, groupId)).running === 0)
  const index = await readIndex(fleet, api, groupId)

  const started = index.history.tasks.size - (await countsOf(api, groupId)).paused
  console.log(JSON.stringify({ pauses: windows.length, inFlight, started, posts: fleet.worker.deliveries.length }))
  expect(faultsOfPauses(index, windows)).toEqual([])
  expect(fleet.worker.deliveries.filter(({ taskId }) => index.attemptsOf(taskId).length === 0)).toEqual([])
  // Green means something only if there was work to hold, before and between the pauses.
  expect(windows).toHaveLength(2 * ROUNDS)
  expect(inFlight).toBeGreaterThan(MIN_IN_FLIGHT)
  expect(started).toBeGreaterThan(ROUNDS)
  expect((await countsOf(api, groupId)).paused).toBeGreaterThan(0)
})

async function setUp({ instances: [first] }: Fleet): Promise<string> {
  const { api } = first as Instance
  const { id: groupId } = await makeGroup(api)
  // After a pause work begins slowly, which is another promise, and would let little run between two of them.
  for (const path of ['workgroup/wg', ...WORKERS.map((name) => `worker/${name}`)])
    await api.put(`/api/v1/${path}`, { ramp: { stepSeconds: 0 } })
  return groupId
}

/** Adds tasks while fewer than the backlog wait; `made` are there. Answers how many there are then. */
async function fill({ instances: [first], worker }: Fleet, groupId: string, made: number): Promise<number> {
  if (made - worker.deliveries.length >= BACKLOG) return made
  const tasks = Array.from({ length: BACKLOG }, (_, at) => ({
    id: `t${made + at}`,
    worker: WORKERS[at % WORKERS.length],
    workgroup: 'wg',
  }))
  await (first as Instance).api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  return made + BACKLOG
}

/** Each by another server than the one that resumes; what was in flight as a pause was acknowledged is counted. */
async function pauseAgainAndAgain(fleet: Fleet, groupId: string, random: Random) {
  const windows: PauseWindow[] = []
  let inFlight = 0
  const { worker, instances } = fleet
  let made = 0
  for (let round = 0; round < 2 * ROUNDS; round++) {
    made = await fill(fleet, groupId, made)
    const before = worker.deliveries.length
    await eventually('work goes on', () => worker.deliveries.length > before)
    const [scope, name, path, body] =
      round % 2 === 0
        ? (['group', groupId, `/api/v1/task_group/${groupId}`, {}] as const)
        : (['workgroup', 'wg', '/api/v1/workgroup/wg', { seconds: 60, reason: 'a test' }] as const)
    await random.pick(instances as [Instance, ...Instance[]]).api.post(`${path}/pause`, body)
    const from = Date.now()
    inFlight += worker.deliveries.filter(({ answeredAt }) => answeredAt === null).length
    await pass(random.between(10, 80))
    windows.push({ scope, name, from, until: Date.now() })
    await random.pick(instances as [Instance, ...Instance[]]).api.post(`${path}/resume`, {})
  }
  return { windows, inFlight }
}

const countsOf = async (api: Api, groupId: string) =>
  (await api.get<{ counts: { running: number; paused: number } }>(`/api/v1/task_group/${groupId}`)).counts

async function readIndex({ worker: { deliveries } }: Fleet, api: Api, groupId: string): Promise<Index> {
  const tasks = new Map<string, TaskJson>()
  const attempts = new Map<string, AttemptJson[]>()
  for (const task of await listTasks(api, groupId)) tasks.set(task.id, task)
  // Those that were never POSTed have none.
  await inLanes([...new Set(deliveries.map(({ taskId }) => taskId))], 16, async (id) => {
    attempts.set(id, await readAttempts(api, id))
  })
  return new Index({ creations: [], lives: [], deliveries, tasks, attempts })
}

import { expect, test } from 'vitest'
import { type Fleet, type Instance, instanceOf, startFleet } from './redis/fleet.ts'
import { type Api, type AttemptJson, listTasks, readAttempts } from './support/api-client.ts'
import { eventually, inLanes } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

const GROUPS = 10
const TASKS_PER_GROUP = 60
const WORKERS = 3
const WORK_MS = 20

/** What began, by the store's clock, and ended, by that of the server: the same machine. */
interface Span {
  readonly startedAt: number
  readonly endedAt: number
}

test('three servers never exceed the concurrency of a workgroup that groups and workers share', async () => {
  const fleet = await startLimited()
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  await api.put('/api/v1/workgroup/shared', { maxConcurrent: 4, ramp: { stepSeconds: 0 } })
  const spans = await runAll(fleet, 'shared')
  expect(mostAtOnce(spans)).toBe(4)
  expectAllServers(fleet)
  expect(await fleet.audit()).toEqual([])
})

const COUNT = 80
const BURST = 3

test('three servers never exceed the rate of a workgroup, and use it', async () => {
  const fleet = await startLimited()
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const rateLimit = { count: COUNT, perSeconds: 1, burst: BURST }
  await api.put('/api/v1/workgroup/shared', { rateLimit, ramp: { stepSeconds: 0 } })
  const spans = await runAll(fleet, 'shared')
  const starts = spans.map(({ startedAt }) => startedAt).sort((a, b) => a - b)
  expect(excessOf(starts, { count: COUNT, perMs: 1000, burst: BURST })).toEqual([])
  const perSecond = rateOf(starts)
  console.log(JSON.stringify({ tasks: starts.length, perSecond }))
  // Not halved: the rate that was allowed is the rate that is had, however many servers ask for it.
  expect(perSecond).toBeGreaterThan(COUNT * 0.8)
  expectAllServers(fleet)
  expect(await fleet.audit()).toEqual([])
})

test('a limit of a worker and one of all hold together over three servers', async () => {
  const fleet = await startLimited()
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  await api.put('/api/v1/worker/worker-0', { maxConcurrent: 2, ramp: { stepSeconds: 0 } })
  await api.put('/api/v1/traffic', { maxConcurrent: 6 })
  const spans = await runAll(fleet, '')
  expect(mostAtOnce(spans.filter(({ worker }) => worker === 'worker-0'))).toBe(2)
  expect(mostAtOnce(spans)).toBe(6)
  expect(await fleet.audit()).toEqual([])
})

/** No lease may end on a busy machine: nothing here waits for one. */
const startLimited = (): Promise<Fleet> =>
  startFleet({
    size: 3,
    respond: () => ({ body: {}, delayMs: WORK_MS }),
    env: { CREW_MAX_IN_FLIGHT_PER_WORKER: '50', CREW_LEASE_MS: '30000' },
  })

/** Ten groups at once; answers when each of their attempts ran. */
async function runAll(fleet: Fleet, workgroup: string): Promise<(Span & { worker: string })[]> {
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const groups = await Promise.all(Array.from({ length: GROUPS }, () => makeGroup(api)))
  await Promise.all(groups.map(({ id }) => createTasks(api, id, workgroup)))
  const tasks = (await Promise.all(groups.map(({ id }) => allDone(api, id)))).flat()
  const spans: (Span & { worker: string })[] = []
  await inLanes(tasks, 8, async ({ id, worker }) => {
    const attempts = await readAttempts(api, id)
    expect(attempts).toHaveLength(1)
    spans.push({ ...spanOf(attempts[0] as AttemptJson), worker })
  })
  expect(spans).toHaveLength(GROUPS * TASKS_PER_GROUP)
  return spans
}

function createTasks(api: Api, groupId: string, workgroup: string): Promise<void> {
  const tasks = Array.from({ length: TASKS_PER_GROUP }, (_, at) => ({ worker: `worker-${at % WORKERS}`, workgroup }))
  return api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
}

const allDone = (api: Api, groupId: string) =>
  eventually(`all of ${groupId} is done`, async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded' && listTasks(api, groupId)
  })

const spanOf = ({ startedAt, endedAt }: AttemptJson): Span => ({
  startedAt: Date.parse(startedAt),
  endedAt: Date.parse(endedAt),
})

/** Ends before beginnings of the same millisecond: the slot was free by then. */
function mostAtOnce(spans: readonly Span[]): number {
  const steps = spans.flatMap(({ startedAt, endedAt }) => [
    { at: startedAt, by: 1 },
    { at: endedAt, by: -1 },
  ])
  let [now, most] = [0, 0]
  for (const { by } of steps.sort((a, b) => a.at - b.at || a.by - b.by)) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

const STRETCH = 40

/** Starts a second in the middling one of all stretches: one in which the machine stalls says nothing of the rate. */
function rateOf(starts: readonly number[]): number {
  const lengths = starts.slice(STRETCH).map((at, first) => at - (starts[first] ?? 0))
  return (STRETCH * 1000) / (lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0)
}

/** Stretches with more starts than the rate allows: any `t` ms hold at most `t / interval + burst`. */
function excessOf(starts: readonly number[], rate: { count: number; perMs: number; burst: number }): string[] {
  return starts.flatMap((from, first) => {
    const over = starts.slice(first + rate.burst).findIndex((at, index) => {
      const allowed = Math.floor(((at - from + 1) * rate.count) / rate.perMs) + rate.burst
      return index + rate.burst + 1 > allowed
    })
    return over < 0 ? [] : [`${over + rate.burst + 1} starts in ${(starts[first + rate.burst + over] ?? 0) - from} ms`]
  })
}

/** Otherwise one server alone kept the limit. */
function expectAllServers({ worker: { deliveries } }: Fleet): void {
  expect(new Set(deliveries.map(instanceOf)).size).toBe(3)
}

import { expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { type Fleet, type Instance, instanceOf, LEASE_MS, startFleet } from './redis/fleet.ts'
import { type Api, listTasks, readAttempts } from './support/api-client.ts'
import type { Delivery } from './support/recording-worker.ts'
import { eventually, inLanes } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

const TASKS = 20_000
const BATCH = 1000
const WORKERS = 10
const LEAST_SHARE = 0.15

test('three servers share 20,000 tasks: each is POSTed once, and none of the servers is idle', async () => {
  // The limit of a worker is counted over all servers: this many let each of them be full.
  // No lease may end on a busy machine: nothing here waits for one.
  const env = { CREW_MAX_IN_FLIGHT_PER_WORKER: '100', CREW_LEASE_MS: '30000' }
  const fleet = await startFleet({ size: 3, env })
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const { id: groupId } = await makeGroup(api)
  const startedAt = performance.now()
  await inLanes([...Array(TASKS / BATCH).keys()], 2, (batch) => createBatch(api, groupId, batch))
  await succeeded(api, groupId)
  const tookMs = performance.now() - startedAt

  const shares = sharesOf(fleet)
  console.log(JSON.stringify({ tasks: TASKS, tookMs: Math.round(tookMs), shares }))
  const posts = new Map<string, number>()
  for (const { taskId } of fleet.worker.deliveries) posts.set(taskId, (posts.get(taskId) ?? 0) + 1)
  const tasks = await listTasks(api, groupId)
  expect(tasks).toHaveLength(TASKS)
  expect(tasks.filter(({ state }) => state !== 'succeeded')).toEqual([])
  expect(tasks.filter(({ id }) => posts.get(id) !== 1)).toEqual([])
  expect(fleet.worker.deliveries).toHaveLength(TASKS)
  expect(Object.keys(shares)).toHaveLength(3)
  for (const [name, share] of Object.entries(shares)) expect([name, share > LEAST_SHARE]).toEqual([name, true])
  expect(await fleet.audit()).toEqual([])
})

function createBatch(api: Api, groupId: string, batch: number): Promise<void> {
  const tasks = Array.from({ length: BATCH }, (_, at) => ({ id: `t${batch}-${at}`, worker: `worker-${at % WORKERS}` }))
  return api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
}

const succeeded = (api: Api, groupId: string): Promise<unknown> =>
  eventually('every task is complete', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded'
  })

function sharesOf({ worker: { deliveries } }: Fleet): Record<string, number> {
  const posts = Map.groupBy(deliveries, instanceOf)
  return Object.fromEntries([...posts].map(([name, { length }]) => [name, length / deliveries.length]))
}

const LIMIT = 5
const LIMITED_TASKS = 350
const WORK_MS = 200
/** Between a POST and the end of its work the server and this process have to run as well. */
const BUSY_SHARE = 0.5
/** Of tasks done, to tell the rate by. */
const SAMPLE = 60

test('a limit of five holds over three servers, also when one dies with all five in flight, and is used again in time', async () => {
  let dying = ''
  const fleet = await startFleet({
    size: 3,
    env: { CREW_MAX_IN_FLIGHT_PER_WORKER: String(LIMIT) },
    // What the one that is to die sends stays open.
    respond: (delivery) => (instanceOf(delivery) === dying ? 'taken' : { body: {}, delayMs: WORK_MS }),
  })
  const [victim, ...others] = fleet.instances as [Instance, ...Instance[]]
  const [{ api }] = others as [Instance, ...Instance[]]
  const { deliveries } = fleet.worker
  const { id: groupId } = await makeGroup(api)
  const tasks = Array.from({ length: LIMITED_TASKS }, (_, at) => ({ id: `t${at}`, worker: 'limited' }))
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  await eventually('it runs at its rate', () => deliveries.length > 2 * SAMPLE)
  const rateBefore = rateSince(deliveries, deliveries.length - SAMPLE)

  await giveAllSlots(victim, others, {
    groupId,
    deliveries,
    // Not before: what it sends until the pause has to end.
    whenEmpty: () => {
      dying = victim.name
    },
  })
  const killedAt = performance.now()
  const heldAtKill = deliveries.filter((each) => instanceOf(each) === dying && each.answeredAt === null)
  await victim.kill9()
  const count = deliveries.length
  const first = await eventually('the others go on', () => deliveries[count])
  await eventually('enough is done to tell the rate', () => deliveries.length > count + SAMPLE + LIMIT)
  const rateAfter = rateSince(deliveries, count + LIMIT)
  const fullAfterMs = awakeMs(killedAt, fullAgainAt(deliveries, killedAt))
  console.log(JSON.stringify({ rateBefore, rateAfter, goesOnAfterMs: first.firstByteAt - killedAt, fullAfterMs }))
  expect(fullAfterMs).toBeLessThan(LEASE_MS + 2000)
  // Not one by the other: what else the machine does may change meanwhile.
  for (const rate of [rateBefore, rateAfter]) expect(rate).toBeGreaterThan((LIMIT / WORK_MS) * 1000 * BUSY_SHARE)

  await succeeded(api, groupId)
  expect(mostAtOnce(deliveries, heldAtKill, killedAt + LEASE_MS / 2)).toBe(LIMIT)
  expect(heldAtKill).toHaveLength(LIMIT)
  await expectPostedOnce(fleet, groupId, new Set(heldAtKill.map(({ taskId }) => taskId)))
  expect(await fleet.audit()).toEqual([])
})

/** A server takes the slot that it frees again by itself: so all are emptied, and only this one sees them. */
async function giveAllSlots(
  victim: Instance,
  others: readonly Instance[],
  { groupId, deliveries, whenEmpty }: { groupId: string; deliveries: readonly Delivery[]; whenEmpty: () => void },
): Promise<void> {
  await victim.api.post(`/api/v1/task_group/${groupId}/pause`, {})
  await eventually('nothing is in flight', async () => {
    const { counts } = await victim.api.get<{ counts: { running: number } }>(`/api/v1/task_group/${groupId}`)
    return counts.running === 0
  })
  whenEmpty()
  for (const other of others) other.freeze()
  await victim.api.post(`/api/v1/task_group/${groupId}/resume`, {})
  await eventually('it has all slots', () => openNow(deliveries) === LIMIT)
  for (const other of others) other.thaw()
}

const openNow = (deliveries: readonly Delivery[]): number =>
  deliveries.filter(({ answeredAt }) => answeredAt === null).length

/** Tasks a second, by the POSTs from that one on: by the middling time that as many take as run at once, as a stall says nothing of it. */
function rateSince(deliveries: readonly Delivery[], from: number): number {
  const times = deliveries.slice(from, from + SAMPLE).map(({ firstByteAt }) => firstByteAt)
  const rounds = times.slice(LIMIT).map((at, first) => at - (times[first] ?? 0))
  return (LIMIT * 1000) / (rounds.sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0)
}

/** When for the first time after the kill as many were at work as may be. */
function fullAgainAt(deliveries: readonly Delivery[], killedAt: number): number {
  const after = deliveries.filter(({ firstByteAt }) => firstByteAt > killedAt)
  const full = after.find((each) => after.filter((other) => isAtWork(other, each.firstByteAt)).length === LIMIT)
  return full?.firstByteAt ?? Number.POSITIVE_INFINITY
}

const isAtWork = ({ firstByteAt, answeredAt }: Delivery, at: number): boolean =>
  firstByteAt <= at && (answeredAt ?? Number.POSITIVE_INFINITY) > at

/** The most at work at any moment. Those held by the server that died count for as long as their leases last at least. */
function mostAtOnce(deliveries: readonly Delivery[], held: readonly Delivery[], leasesEndAt: number): number {
  const steps = deliveries.flatMap((each) => [
    { at: each.firstByteAt, by: 1 },
    { at: held.includes(each) ? leasesEndAt : (each.answeredAt ?? Number.POSITIVE_INFINITY), by: -1 },
  ])
  let [now, most] = [0, 0]
  for (const { by } of steps.sort((a, b) => a.at - b.at || a.by - b.by)) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

/** Once, and those that died with their server once more, with a record that says so. */
async function expectPostedOnce(fleet: Fleet, groupId: string, lost: ReadonlySet<string>): Promise<void> {
  const [{ api }] = fleet.instances.slice(-1) as [Instance]
  const tasks = await listTasks(api, groupId)
  const wrong = tasks.filter(({ id }) => fleet.worker.of(id).length !== (lost.has(id) ? 2 : 1))
  expect(wrong.map(({ id }) => id)).toEqual([])
  for (const id of lost) {
    const attempts = await readAttempts(api, id)
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'succeeded'])
  }
}

import { expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { expectSound } from './redis/checks.ts'
import { type Instance, instanceOf, LEASE_MS, openOf } from './redis/fleet.ts'
import { type Aftermath, storm } from './redis/storm.ts'
import { eventually, pass } from './support/waiting.ts'

const KILLS = 4
const MIN_TASKS = 400

test('servers that are killed under load lose nothing, and what they had in flight runs again in time', async () => {
  const aftermath = await storm('kill a server', { size: 3 }, async ({ fleet, random, trouble, progress }) => {
    let victims = [...fleet.instances]
    for (let kill = 0; kill < KILLS; kill++) {
      await pass(random.between(20, 800))
      const victim = random.pick(victims as [Instance, ...Instance[]])
      trouble(victim)
      await victim.kill9()
      victims = [...victims.filter((each) => each !== victim), await fleet.start()]
    }
    await progress(50)
  })
  expect(aftermath.errors).toEqual([])
  const { tasks, lost } = expectSound(aftermath)
  const worstMs = slowestTakeover(aftermath)
  console.log(JSON.stringify({ worstMs }))
  expect(worstMs).toBeLessThan(LEASE_MS + 2000)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
  expect(lost).toBeGreaterThan(0)
})

/** The longest from a death to the next POST of what it left behind. */
function slowestTakeover({ history, troubles }: Aftermath): number {
  const waits = troubles.flatMap(({ instance, at }) =>
    [...history.tasks.values()].map(({ id, key }) => {
      const posts = history.deliveries.filter(({ taskId }) => taskId === id)
      const lost = posts.findIndex((each) => instanceOf(each) === instance && each.answeredAt === null)
      // One with a key may end with another one's result.
      return lost < 0 || key !== '' ? 0 : awakeMs(at, posts[lost + 1]?.firstByteAt ?? Number.POSITIVE_INFINITY)
    }),
  )
  return Math.max(0, ...waits)
}

const SLOW_MS = 1500
const SLOW_TASKS = 240
const MIN_FENCED = 20
const CALM_MS = 20
const MAX_LATE = 3

test('a server that is frozen for two leases finds its answers refused, and does no harm', async () => {
  let refused = 0
  const aftermath = await storm(
    'freeze a server',
    // More slow tasks than two servers may have in flight: the third has some as well.
    { size: 3, env: { CREW_LOG_LEVEL: 'warn', CREW_MAX_IN_FLIGHT_PER_WORKER: '100' } },
    async ({ fleet, groupId, trouble, recovered, progress }) => {
      const [victim, other] = fleet.instances as [Instance, Instance]
      const input = { delayMs: SLOW_MS }
      const tasks = Array.from({ length: SLOW_TASKS }, (_, at) => ({ worker: `slow${at % 6}`, input }))
      await other.api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
      await eventually('it has enough in flight', () => openOf(fleet, victim).length > MIN_FENCED)
      // Not in the middle of a burst of POSTs.
      await eventually('nothing of them is new', () => {
        const newest = Math.max(...openOf(fleet, victim).map(({ firstByteAt }) => firstByteAt))
        return performance.now() - newest > CALM_MS
      })
      trouble(victim)
      victim.freeze()
      await pass(2 * LEASE_MS)
      victim.thaw()
      const late = () => victim.stdout().split('a late answer was refused').length - 1
      await eventually('its late answers are refused', () => late() > MIN_FENCED)
      await eventually('it works again', async () => (await victim.api.call('GET', '/readyz')).status === 200)
      recovered(victim)
      await progress(50)
      refused = late()
    },
  )
  const { lost, late } = expectSound(aftermath)
  console.log(JSON.stringify({ refused }))
  expect(lost).toBeGreaterThan(MIN_FENCED)
  expect(late).toBeLessThan(MAX_LATE)
})

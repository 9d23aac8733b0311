import { expect, test } from 'vitest'
import { keyKinds } from '../../storage/redis/keys.ts'
import { LEASE_MS } from '../e2e/redis/fleet.ts'
import { storm } from '../e2e/redis/storm.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { awakeMs } from '../support/awake.ts'
import type { RedisCluster } from '../support/redis-cluster.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { expectSoundAfter, type Rollback } from './store/rollback.ts'

/** A replica is behind its master by what is on the way: on one machine milliseconds. */
const LAG_MS = 1000
const NODE_TIMEOUT_MS = 1500
/** Half of them are of groups elsewhere, and go on all the time. */
const MIN_TASKS = 200
/** To notice, to vote, and for the servers to hear of it: less than 5 s on a machine that is not busy. */
const MAX_GAP_MS = 10_000

test('a master of a Cluster that dies under load takes next to nothing with it, and its groups go on with its replica', async () => {
  let rollback: Rollback = { from: 0, until: 0 }
  const options = { size: 2, cluster: { replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS }, everyMs: 40 } as const
  const aftermath = await storm(
    'kill a master',
    options,
    async ({ fleet, load, groupId, progress, troubleOfRedis }) => {
      const cluster = fleet.cluster as RedisCluster
      const victim = await masterOf(cluster, groupId)
      await progress(50)
      troubleOfRedis()
      const killedAt = performance.now()
      await victim.kill()
      const acknowledged = await eventually('its group takes tasks again', () =>
        load.creations.find(
          (one) => one.groupId === groupId && one.startedAt > killedAt && one.outcome === 'acknowledged',
        ),
      )
      await cluster.settled([victim])
      rollback = { from: killedAt - LAG_MS, until: performance.now() + LEASE_MS }
      const gapMs = Math.round(awakeMs(killedAt, acknowledged.endedAt))
      console.log(JSON.stringify({ gapMs }))
      expect(gapMs).toBeLessThan(MAX_GAP_MS)
      await progress(100)
    },
  )
  expect(expectSoundAfter(aftermath, [rollback]).tasks).toBeGreaterThan(MIN_TASKS)
})

/** The one that has the group. */
async function masterOf({ masters }: RedisCluster, groupId: string): Promise<RedisServer> {
  for (const master of masters) {
    const found = await master.command('KEYS', `{c*}${keyKinds.group}${groupId}`)
    if ((found as string[]).length > 0) return master
  }
  throw new Error(`no master has the group ${groupId}`)
}

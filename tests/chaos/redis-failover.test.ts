import { expect, onTestFinished, test } from 'vitest'
import type { Instance } from '../e2e/redis/fleet.ts'
import { storm } from '../e2e/redis/storm.ts'
import type { Api } from '../e2e/support/api-client.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { makeGroup } from '../e2e/support/world.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { expectSoundAfter, type Rollback } from './store/rollback.ts'

/** In flight over the failover, by claims that the new master never heard of. */
const HELD = 40
const HELD_MS = 3000
const MIN_REFUSED = 20
const MIN_TASKS = 200

test('a replica that is behind takes over: what it lacks is told apart, and no answer of before has an effect', async () => {
  let rollback: Rollback = { from: 0, until: 0 }
  let refused = 0
  const options = { size: 2, hasProxies: true, everyMs: 40, env: { CREW_LOG_LEVEL: 'warn' } }
  const aftermath = await storm('fail over', options, async ({ fleet, progress }) => {
    const { replica, line } = await startReplica(fleet.redis)
    const [{ api }] = fleet.instances as [Instance, ...Instance[]]
    const { id: heldId } = await makeGroup(api, { isPaused: true })
    const input = { delayMs: HELD_MS }
    const tasks = Array.from({ length: HELD }, (_, at) => ({ id: `held-${at}`, worker: `held${at % 4}`, input }))
    await api.post(`/api/v1/task_group/${heldId}/tasks/batch`, { tasks })
    await progress(100)
    expect(await fleet.redis.command('WAIT', 1, 10_000)).toBe(1)

    const from = performance.now()
    line.hang()
    await progress(100)
    await resume(api, heldId)
    await eventually('all of them run', () => tasks.every(({ id }) => fleet.worker.of(id).length > 0))
    await fleet.redis.kill()
    await line.close()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    fleet.moveTo(replica)
    rollback = { from, until: performance.now() }

    // That they run was forgotten too.
    await eventually('the group goes on', () => resume(api, heldId))
    const late = () => fleet.instances.reduce((sum, { stdout }) => sum + stdout().split(LATE).length - 1, 0)
    await eventually('answers of before are refused', () => late() > MIN_REFUSED)
    await progress(100)
    refused = late()
  })
  const { acknowledged, posts, tasks } = expectSoundAfter(aftermath, [rollback])
  console.log(JSON.stringify({ refused }))
  // Else nothing was rolled back, and nothing is proved.
  expect(acknowledged).toBeGreaterThan(10)
  expect(posts).toBeGreaterThanOrEqual(HELD)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
})

const LATE = 'a late answer was refused'

/** Resolves whether it was taken: just after a failover a server has no connection yet. */
async function resume(api: Api, groupId: string): Promise<boolean> {
  return (await api.call('POST', `/api/v1/task_group/${groupId}/resume`, {})).status === 200
}

/** It has what the master has, over a line of its own. */
async function startReplica(master: RedisServer): Promise<{ replica: RedisServer; line: TcpProxy }> {
  const line = await TcpProxy.start(master)
  onTestFinished(() => line.close())
  const replica = await startRedisServer({ isOwn: true, config: { replicaof: `${line.host} ${line.port}` } })
  onTestFinished(() => replica.stop())
  await eventually('it follows', async () =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  )
  return { replica, line }
}

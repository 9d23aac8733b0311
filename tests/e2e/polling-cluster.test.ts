import { expect, onTestFinished, test } from 'vitest'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { faultsOfAnswers, faultsOfEnds, faultsOfOverlap, mostHeld } from './polling/checks.ts'
import { Poller } from './polling/poller.ts'
import { CHANNEL, createTasks, finish, LEASE_SECONDS } from './polling/work.ts'
import { makeDir, startCrew } from './support/crew.ts'
import { pass } from './support/waiting.ts'

const LIMIT = 5

test('pollers over a Redis Cluster never hold more tasks of a worker than its limit, whichever server hears of them', async () => {
  const cluster = await startRedisCluster()
  onTestFinished(() => cluster.stop())
  const env = { CREW_STORAGE: cluster.url, CREW_LEASE_MS: '3000', CREW_LOG_LEVEL: 'error' }
  const [one, other] = await Promise.all([startCrew({ dir: makeDir(), env }), startCrew({ dir: makeDir(), env })])
  const count = 120
  const groups = await createTasks(one.api, { count, groups: 6 })
  await one.api.put(`/api/v1/worker/${CHANNEL}`, { maxConcurrent: LIMIT, ramp: { stepSeconds: 0 } })
  const orders = [
    [one.url, other.url],
    [other.url, one.url],
  ] as const
  const pollers = Array.from(
    { length: 12 },
    (_, n) =>
      new Poller({
        name: `poller-${n}`,
        channel: CHANNEL,
        leaseSeconds: LEASE_SECONDS,
        servers: () => orders[n % 2] ?? [],
        work: async (poller, holding, { callback }) => {
          await pass(50)
          // At the other server than the one that it came from.
          const [, elsewhere = ''] = orders[n % 2] ?? []
          const beat = await (elsewhere === one.url ? one : other).api.call(
            'POST',
            `${new URL(callback?.url ?? '').pathname}/heartbeat`,
            { progress: 0.5 },
          )
          expect(beat.status).toBe(200)
          holding.leaseUntil = Date.parse((JSON.parse(beat.text) as { leaseUntil: string }).leaseUntil)
          await pass(50)
          return { output: { by: poller.name } }
        },
      }),
  )
  const history = await finish(one.api, groups, pollers)
  expect(mostHeld(history.holdings)).toBe(LIMIT)
  expect(history.tasks).toHaveLength(count)
  expect([...faultsOfOverlap(history), ...faultsOfEnds(history), ...faultsOfAnswers(history)]).toEqual([])
  expect(history.holdings).toHaveLength(count)
})

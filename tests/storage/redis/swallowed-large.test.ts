import { beforeAll, expect, test } from 'vitest'
import { decideAttempt } from '../../../server/core/attempt.ts'
import type { ServiceContext } from '../../../server/services/service-context.ts'
import { createTasks } from '../../../server/services/tasks.ts'
import { keyOf, partitionTag } from '../../../storage/redis/keys.ts'
import { attemptContext, endedWith, read } from '../../support/attempts.ts'
import { eventually } from '../../support/eventually.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { claimOf, contextOf, type LossyWorld, openLossyWorld, type Round, requestsOf, snapshot } from './lossy-world.ts'

/** Everything beyond this is applied in parts, so that six tasks are a large change. */
const MAX_WEIGHT = 2

let redis: RedisServer
let world: LossyWorld

beforeAll(async () => {
  redis = await startRedisServer()
  world = await openLossyWorld(redis, { maxWeight: MAX_WEIGHT })
  return async () => {
    await world.direct.close()
    await redis.stop()
  }
})

const steps = [
  { step: 'staging', requests: requestsOf(['largeStage', 'largeStageWhenFull'], MAX_WEIGHT) },
  { step: 'locking', requests: requestsOf(['largeLock'], MAX_WEIGHT) },
  { step: 'reserving', requests: requestsOf(['largeReserve'], MAX_WEIGHT) },
  { step: 'checking', requests: requestsOf(['largeCheck'], MAX_WEIGHT) },
  { step: 'deciding', requests: requestsOf(['largeDecide'], MAX_WEIGHT) },
  { step: 'applying', requests: requestsOf(['largeStep'], MAX_WEIGHT) },
]

const writes = [
  { name: 'create a batch', prepare: createBatch },
  { name: 'commit children', prepare: commitChildren },
]

const cases = writes.flatMap((write) => steps.map((step) => ({ ...write, ...step })))

test.concurrent.each(cases)(
  '$name in parts: it is done once although the answer to $step was lost and it was asked for again',
  async ({ name, step, requests, prepare }) => {
    const slug = `${name}-${step}.`.replaceAll(' ', '-')
    const line = await world.openLine(slug)
    try {
      const plain = await world.makeRound(`plain-${slug}`)
      await (await prepare(plain))(contextOf(world.direct))
      const lossy = await world.makeRound(`lossy-${slug}`)
      await line.callTwice(requests, await prepare(lossy))
      await eventually(() => isUnlocked(lossy.prefix))
      expect(await snapshot(world.direct, lossy.prefix)).toEqual(await snapshot(world.direct, plain.prefix))
    } finally {
      await line.close()
    }
  },
)

test('afterwards the books agree with a full scan', async () => {
  expect((await world.direct.audit()).faults).toEqual([])
})

/** Whoever claims goes on with what is decided; a server does so at least once a second. */
async function isUnlocked(groupId: string): Promise<boolean> {
  const nothing = { ...claimOf(''), slots: new Map<string, number>() }
  await world.direct.claim(nothing)
  return (await redis.command('HEXISTS', keyOf(partitionTag(0), 'locks'), groupId)) === 0
}

const SIX = [0, 1, 2, 3, 4, 5]

async function createBatch({ prefix }: Round) {
  const tasks = SIX.map((at) => ({ id: `${prefix}${at}`, worker: 'w', parentIds: [`${prefix}a`] }))
  return (context: ServiceContext): Promise<unknown> => createTasks(context, prefix, tasks)
}

async function commitChildren(round: Round) {
  const { task, token } = await round.claim()
  const children = SIX.map((at) => ({ id: `${round.prefix}${at}`, worker: 'w' }))
  const attempt = endedWith(read({ output: 1, children }), { token, statusCode: 200 })
  const changeSet = decideAttempt(task, attempt, attemptContext())
  return ({ storage }: ServiceContext): Promise<unknown> => storage.commit([changeSet])
}

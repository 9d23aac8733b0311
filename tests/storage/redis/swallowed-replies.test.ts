import { beforeAll, expect, test } from 'vitest'
import { decideAttempt } from '../../../server/core/attempt.ts'
import { createGroup, pauseGroup } from '../../../server/services/groups.ts'
import type { ServiceContext } from '../../../server/services/service-context.ts'
import { createTasks, deleteTask, resetTask } from '../../../server/services/tasks.ts'
import { holdWorkgroup } from '../../../server/services/workgroups.ts'
import { attemptContext, endedWith, read } from '../../support/attempts.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import {
  claimOf,
  contextOf,
  LEASE_MS,
  type LossyWorld,
  openLossyWorld,
  type Round,
  requestsOf,
  snapshot,
} from './lossy-world.ts'

/** Of each kind of write; over 200 in all. */
const ROUNDS = 17

let redis: RedisServer
let world: LossyWorld

beforeAll(async () => {
  redis = await startRedisServer()
  world = await openLossyWorld(redis)
  return async () => {
    await world.direct.close()
    await redis.stop()
  }
})

interface Kind {
  readonly name: string
  /** The requests of which one loses its answer. */
  readonly requests: (request: Buffer) => boolean
  /** Answers the write, which is done once or, when its answer is lost, again. */
  readonly prepare: (round: Round) => Promise<(context: ServiceContext) => Promise<unknown>>
  /** What the second call answers; a word is the code of a refusal. */
  readonly again: (answer: unknown) => void
}

const commits = requestsOf(['commit', 'commitWhenFull'])

/** The worker's answer to `a`, committed as the controller does. */
const answered =
  (body: unknown, status = 200) =>
  async (round: Round) => {
    const { task, token } = await round.claim()
    const attempt = endedWith(read(body, status), { token, statusCode: status })
    const changeSet = decideAttempt(task, attempt, attemptContext())
    return ({ storage }: ServiceContext) => storage.commit([changeSet])
  }

const refused = (code: string) => (error: unknown) => expect(error).toMatchObject({ code })
const fine = (result: unknown) => expect(result).not.toBeInstanceOf(Error)
const isDuplicate = (results: unknown) => expect(results).toEqual(['duplicate'])

const kinds: readonly Kind[] = [
  {
    name: 'create a group',
    requests: commits,
    prepare:
      async ({ prefix }) =>
      (context) =>
        createGroup(context, { id: `${prefix}new`, name: 'n' }),
    again: refused('duplicate_id'),
  },
  {
    name: 'create a batch of tasks',
    requests: commits,
    prepare: async ({ prefix }) => {
      const tasks = ['m', 'n', 'o'].map((id) => ({ id: prefix + id, worker: 'w', parentIds: [`${prefix}a`] }))
      return (context) => createTasks(context, prefix, tasks)
    },
    again: refused('duplicate_id'),
  },
  { name: 'commit a success', requests: commits, prepare: answered({ output: [1] }), again: isDuplicate },
  { name: 'commit a failure', requests: commits, prepare: answered({ error: 'no' }, 500), again: isDuplicate },
  {
    name: 'commit children',
    requests: commits,
    prepare: (round) => {
      const children = [0, 1, 2].map((at) => ({ id: `${round.prefix}child${at}`, worker: 'w' }))
      return answered({ output: 1, children })(round)
    },
    again: isDuplicate,
  },
  {
    name: 'claim',
    requests: requestsOf(['claim']),
    prepare:
      async ({ prefix }) =>
      ({ storage }) =>
        storage.claim(claimOf(prefix)),
    again: (result) => expect(result).toMatchObject({ tasks: [{ task: { attempts: 1 } }] }),
  },
  {
    name: 'renew a lease',
    requests: requestsOf(['renewLeases']),
    prepare: async (round) => {
      const { task, token } = await round.claim()
      return ({ storage }) => storage.renewLeases([{ taskId: task.id, token }], Date.now() + 2 * LEASE_MS)
    },
    again: (lost) => expect(lost).toEqual([]),
  },
  {
    name: 'pause a group',
    requests: commits,
    prepare:
      async ({ prefix }) =>
      (context) =>
        pauseGroup(context, prefix),
    again: fine,
  },
  {
    name: 'hold a workgroup',
    requests: commits,
    prepare: async ({ prefix }) => {
      const hold = { until: Date.now() + LEASE_MS, reason: 'test' }
      return (context) => holdWorkgroup(context, `${prefix}workgroup`, hold)
    },
    again: fine,
  },
  {
    name: 'reset a task',
    requests: commits,
    prepare: async (round) => {
      const commit = await answered({ output: 1, children: [{ id: `${round.prefix}child`, worker: 'w' }] })(round)
      await commit(contextOf(world.direct))
      const options = { remainingAttempts: 3, descendants: false }
      return (context) => resetTask(context, { taskId: `${round.prefix}a` }, options)
    },
    again: fine,
  },
  {
    name: 'delete a task',
    requests: commits,
    prepare:
      async ({ prefix }) =>
      (context) =>
        deleteTask(context, { taskId: `${prefix}a` }),
    again: refused('task_not_found'),
  },
  {
    name: 'put a record',
    requests: requestsOf(['putRecord']),
    prepare:
      async ({ prefix }) =>
      ({ storage }) =>
        storage.putRecord(`${prefix}record`, 'value'),
    again: fine,
  },
  {
    name: 'create a record',
    requests: requestsOf(['createRecord']),
    prepare:
      async ({ prefix }) =>
      ({ storage }) =>
        storage.createRecord(`${prefix}record`, 'value', 0),
    again: (there) => expect(there).toBe('value'),
  },
]

test.concurrent.each(kinds)(
  '$name: it is done once although its answer was lost and it was asked for again',
  async (kind) => {
    const line = await world.openLine(kind.name)
    const slug = kind.name.replaceAll(' ', '-')
    try {
      for (let count = 0; count < ROUNDS; count++) {
        const plain = await world.makeRound(`plain-${slug}-${count}.`)
        await (await kind.prepare(plain))(contextOf(world.direct))
        const lossy = await world.makeRound(`lossy-${slug}-${count}.`)
        kind.again(await line.callTwice(kind.requests, await kind.prepare(lossy)))
        expect(await snapshot(world.direct, lossy.prefix)).toEqual(await snapshot(world.direct, plain.prefix))
      }
    } finally {
      await line.close()
    }
  },
)

test('afterwards the books agree with a full scan', async () => {
  expect((await world.direct.audit()).faults).toEqual([])
})

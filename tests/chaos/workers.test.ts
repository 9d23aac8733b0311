import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { type Fleet, type Instance, startFleet } from '../e2e/redis/fleet.ts'
import { type Api, listTasks, readAttempts, readTask } from '../e2e/support/api-client.ts'
import { answerBytes, type Delivery } from '../e2e/support/recording-worker.ts'
import { eventually, pass } from '../e2e/support/waiting.ts'
import { makeGroup, makeWorld } from '../e2e/support/world.ts'

const stateOf = async (api: Api, id: string): Promise<string> => (await readTask(api, id)).state

const child = (fields: object) => ({ worker: 'any', ...fields })

/** Of each answer nothing may be taken over. */
const BAD_ANSWERS: [string, object][] = [
  ['no list of children', { children: 'many' }],
  ['a child that is no object', { children: [child({ id: 'c1' }), 1] }],
  ['a child without a worker', { children: [child({ id: 'c1' }), { id: 'c2' }] }],
  ['a field of the wrong type', { children: [child({ id: 'c1' }), child({ id: 'c2', priority: 'high' })] }],
  ['a parent of another group', { children: [child({ id: 'c1' }), child({ id: 'c2', parentIds: ['elsewhere'] })] }],
  ['a parent that nobody knows', { children: [child({ id: 'c1' }), child({ id: 'c2', parentIds: ['nobody'] })] }],
  ['the id of a task of another group', { children: [child({ id: 'c1' }), child({ id: 'elsewhere' })] }],
  ['its own id for a child', { children: [child({ id: 'c1' }), child({ id: 'bad' })] }],
  ['one id twice', { children: [child({ id: 'c1' }), child({ id: 'c1' })] }],
  ['a hundred thousand children', { children: Array.from({ length: 100_000 }, () => child({})) }],
]

test('an answer that is wrong in one child takes over none of them, and its task is tried again as often as it may', async () => {
  const { api, worker, createTask, groupId } = await makeWorld({ env: { CREW_MAX_BODY_BYTES: String(10 * 2 ** 20) } })
  const { id: otherId } = await makeGroup(api)
  await api.post(`/api/v1/task_group/${otherId}/tasks`, { id: 'elsewhere', worker: 'any', isPaused: true })
  for (const [what, body] of BAD_ANSWERS) {
    worker.respond = () => ({ body })
    await createTask({ id: 'bad', remainingAttempts: 2, errorDelayInSeconds: 0 })
    await eventually(`no attempts are left: ${what}`, async () => (await stateOf(api, 'bad')) === 'failed')
    const outcomes = (await readAttempts(api, 'bad')).map(({ outcome }) => outcome)
    expect([what, outcomes]).toEqual([what, ['badResponse', 'badResponse']])
    expect([what, (await listTasks(api, groupId)).map(({ id }) => id)]).toEqual([what, ['bad']])
    await api.delete(`/api/v1/task_group/${groupId}/task/bad`)
  }
})

const CHILDREN = ['c1', 'c2', 'c3']

test('three attempts of one task that answer at once, two of them of frozen servers, leave one set of children', async () => {
  const held: { delivery: Delivery; socket: Socket }[] = []
  const fleet = await startFleet({
    size: 3,
    env: { CREW_LOG_LEVEL: 'warn' },
    respond: (delivery, socket) => {
      if (delivery.taskId !== 'parent') return { body: {} }
      held.push({ delivery, socket })
      return 'taken'
    },
  })
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const { id: groupId } = await makeGroup(api)
  await api.post(`/api/v1/task_group/${groupId}/tasks`, { id: 'parent', worker: 'any' })
  const frozen: Instance[] = []
  for (const count of [1, 2, 3]) {
    await eventually(`POST ${count}`, () => held.length === count)
    const sender = fleet.instances.find(({ name }) => name === held[count - 1]?.delivery.instance) as Instance
    if (count < 3) frozen.push(sender)
    if (count < 3) sender.freeze()
  }
  const body = { children: CHILDREN.map((id) => ({ id, worker: 'any' })) }
  for (const { socket, delivery } of held) socket.write(answerBytes({ body: { output: delivery.attempt, ...body } }))
  for (const server of frozen) server.thaw()
  await expectOneSet(fleet, groupId, frozen)
})

async function expectOneSet(fleet: Fleet, groupId: string, frozen: readonly Instance[]): Promise<void> {
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const refusals = ({ stdout }: Instance): number => stdout().split('a late answer was refused').length - 1
  await eventually('both late answers are refused', () => frozen.every((server) => refusals(server) === 1))
  await eventually('all is done', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded'
  })
  const tasks = await listTasks(api, groupId)
  expect(tasks.map(({ id }) => id).toSorted()).toEqual([...CHILDREN, 'parent'])
  expect((await readAttempts(api, 'parent')).map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'succeeded'])
  expect(await readTask(api, 'parent')).toMatchObject({ output: 3 })
  for (const id of CHILDREN) expect(fleet.worker.of(id)).toHaveLength(1)
  expect(await fleet.audit()).toEqual([])
}

const DOWN_MS = 6000
const OPEN_SECONDS = 1
const FAILURES = 3
const TASKS = 40

test('a worker that is down for a while is asked once a second, and does all that waited when it is back', async () => {
  const { api, worker, groupId } = await makeWorld({
    respond: (_, socket) => {
      socket.resetAndDestroy()
      return 'taken'
    },
  })
  await api.put('/api/v1/worker/any', { breaker: { failures: FAILURES, openSeconds: OPEN_SECONDS } })
  const tasks = Array.from({ length: TASKS }, (_, at) => ({ id: `t${at}`, worker: 'any', errorDelayInSeconds: 0.2 }))
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  await eventually('its breaker is open', async () => {
    const { text } = await api.call('GET', '/api/v1/worker/any')
    return text.includes('"open"')
  })
  await eventually('what was in flight has ended', async () => {
    const { counts } = await api.get<{ counts: { running: number } }>(`/api/v1/task_group/${groupId}`)
    return counts.running === 0
  })
  const openAt = performance.now()
  const before = worker.deliveries.length
  await pass(DOWN_MS)
  const probes = worker.deliveries.length - before
  const downForSeconds = (performance.now() - openAt) / 1000
  worker.respond = () => ({ body: {} })
  await eventually('all is done', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded'
  })
  console.log(JSON.stringify({ before, probes, downForSeconds, posts: worker.deliveries.length }))
  expect(probes).toBeGreaterThan(0)
  expect(probes).toBeLessThanOrEqual(downForSeconds / OPEN_SECONDS + 1)
  await expectBackoff(api)
})

/** No attempt began before its time, and those of probes were not used up. */
async function expectBackoff(api: Api): Promise<void> {
  for (let at = 0; at < TASKS; at++) {
    const attempts = await readAttempts(api, `t${at}`)
    const early = attempts.filter(({ startedAt }, index) => {
      const retryAt = attempts[index - 1]?.retryAt
      return retryAt != null && Date.parse(startedAt) < Date.parse(retryAt)
    })
    expect(early).toEqual([])
    expect(attempts.at(-1)).toMatchObject({ outcome: 'succeeded' })
  }
}

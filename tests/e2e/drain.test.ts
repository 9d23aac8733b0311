import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { awakeMs } from '../support/awake.ts'
import { type Api, listTasks, readAttempts, readTask } from './support/api-client.ts'
import { type Crew, TOKEN } from './support/crew.ts'
import type { RecordingWorker } from './support/recording-worker.ts'
import { eventually, onItsWay } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

/** Long enough for what is quick, on a machine that stalls as well. */
const LIMIT_MS = 4000
const GRACE_MS = 2000
/** A POST that was on its way when `/readyz` was asked may be read after the answer to that, the more so on a busy machine. */
const ARRIVAL_MS = 50
const TASKS = 800
/** Some that are done long before the limit, and some that it cuts off. */
const QUICK_MS = 30
const ENDLESS = { worker: 'endless' }

interface Stop {
  /** When `/readyz` first said that no work is taken. */
  readonly unreadyAt: number
  readonly endedAt: number
  readonly code: number | string
  readonly tookMs: number
}

async function stop(crew: Crew): Promise<Stop> {
  const askedAt = performance.now()
  crew.term()
  await eventually('it is not ready any more', async () => (await crew.api.call('GET', '/readyz')).status === 503)
  const unreadyAt = await onItsWay(crew.api)
  const code = await crew.ended
  const endedAt = performance.now()
  return { unreadyAt, endedAt, code, tookMs: awakeMs(askedAt, endedAt) }
}

test('a server that is told to stop under load finishes what it can, gives back the rest, and loses nothing', async () => {
  let isEndless = true
  const world = await makeWorld({
    respond: ({ worker }) => (worker === 'endless' && isEndless ? 'taken' : { body: {}, delayMs: QUICK_MS }),
    env: { CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS: String(LIMIT_MS), CREW_LOG_LEVEL: 'info' },
  })
  const { crew, api, worker, groupId, createTask, restart } = world
  const dueAt = new Date(Date.now() + 3_600_000).toISOString()
  await createTask({ id: 'in-an-hour', runAfter: dueAt })
  const tasks = [
    ...Array.from({ length: 5 }, (_, index) => ({ id: `endless${index}`, ...ENDLESS })),
    ...Array.from({ length: TASKS }, (_, index) => ({ id: `quick${index}`, worker: `quick${index % 3}` })),
  ]
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  const clients = await openClients(crew, groupId)
  await eventually('a part is done and the endless ones run', () => {
    const answered = worker.deliveries.filter(({ answeredAt }) => answeredAt !== null).length
    return answered > TASKS / 10 && worker.deliveries.filter((each) => each.worker === 'endless').length === 5
  })
  const { unreadyAt, endedAt, code, tookMs } = await stop(crew)
  const before = worker.deliveries.length

  expect(code).toBe(0)
  expect(tookMs).toBeGreaterThan(LIMIT_MS - 50)
  expect(tookMs).toBeLessThan(LIMIT_MS + GRACE_MS)
  await clients.closed
  expect(worker.deliveries.filter(({ firstByteAt }) => awakeMs(unreadyAt, firstByteAt) > ARRIVAL_MS)).toEqual([])
  const quick = worker.deliveries.filter((delivery) => delivery.worker !== 'endless')
  expect(quick.filter(({ answeredAt }) => answeredAt === null || answeredAt > endedAt)).toEqual([])
  // The load outlasted the signal: otherwise nothing was tested.
  expect(before).toBeLessThan(tasks.length)

  isEndless = false
  const next = await restart()
  await eventually('everything that is due is complete', async () => {
    const all = await listTasks(next.api, groupId)
    expect(all).toHaveLength(tasks.length + 1)
    return all.every(({ id, state }) => state === (id === 'in-an-hour' ? 'scheduled' : 'succeeded'))
  })
  await expectNoNeedlessPosts(next.api, worker)
  expect(await readTask(next.api, 'in-an-hour')).toMatchObject({ remainingAttempts: 5 })
  next.term()
  expect(await next.ended).toBe(0)
})

/** Those that were answered are not asked again; those that were cut off are, once, and it cost them no attempt. */
async function expectNoNeedlessPosts(api: Api, worker: RecordingWorker): Promise<void> {
  const outcomes = new Map<string, number>()
  for (const id of new Set(worker.deliveries.map(({ taskId }) => taskId))) {
    const isCutOff = id.startsWith('endless')
    const attempts = await readAttempts(api, id)
    const said = `${isCutOff ? 'endless' : 'quick'}: ${attempts.map(({ outcome }) => outcome).join(', ')}`
    outcomes.set(said, (outcomes.get(said) ?? 0) + 1)
    expect([id, worker.of(id).length]).toEqual([id, isCutOff ? 2 : 1])
    expect(new Set(worker.of(id).map(({ deliveryId }) => deliveryId)).size).toBe(1)
    expect(await readTask(api, id)).toMatchObject({ remainingAttempts: 5, errors: [] })
  }
  expect(Object.fromEntries(outcomes)).toEqual({
    'endless: givenBack, succeeded': 5,
    'quick: succeeded': TASKS,
  })
}

test('a server without work stops at once, whoever listens and whatever is due later', async () => {
  const { crew, groupId, createTask } = await makeWorld()
  await createTask({ runAfter: new Date(Date.now() + 3_600_000).toISOString() })
  const clients = await openClients(crew, groupId)
  const askedAt = performance.now()
  crew.term()
  expect(await crew.ended).toBe(0)
  expect(awakeMs(askedAt)).toBeLessThan(GRACE_MS)
  await clients.closed
})

/** People who watch: an event stream and a websocket. */
async function openClients(crew: Crew, groupId: string): Promise<{ closed: Promise<unknown> }> {
  const stream = await fetch(`${crew.url}/api/v1/events`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const socket = new WebSocket(`${crew.url.replace('http', 'ws')}/api/v1/task_group/${groupId}/stream/${TOKEN}`)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return { closed: Promise.all([closed, stream.text()]) }
}

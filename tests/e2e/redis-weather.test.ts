import { expect, onTestFinished, test } from 'vitest'
import { requestsOf } from '../storage/redis/lossy-world.ts'
import { awakeMs } from '../support/awake.ts'
import { freePort } from '../support/free-port.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { expectSound } from './redis/checks.ts'
import { type Fleet, type Instance, startFleet } from './redis/fleet.ts'
import { storm } from './redis/storm.ts'
import { type Api, listTasks, readTask } from './support/api-client.ts'
import { launch, makeDir, runCrew } from './support/crew.ts'
import { eventually, inLanes, pass } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

const SWALLOWED = 12
const LOST = [requestsOf(['claim']), requestsOf(['commit', 'commitWhenFull']), requestsOf(['claim', 'publish'])]
const CUTS = 4

test('answers of Redis that are lost on the way, and connections that break, have no effect but a delay', async () => {
  // So long that a claim which nobody remembers is found out by the wait for the end of its lease.
  const options = { size: 2, hasProxies: true, env: { CREW_LEASE_MS: '30000' } }
  const aftermath = await storm('lose answers', options, async ({ fleet, random, progress, troubleOfRedis }) => {
    troubleOfRedis()
    await inLanes(fleet.proxies, fleet.proxies.length, async (proxy) => {
      for (let time = 0; time < SWALLOWED; time++) {
        await proxy.swallowNextReply(LOST[time % LOST.length])
        if (time % (SWALLOWED / CUTS) === 0) proxy.cut()
        await pass(random.between(0, 300))
      }
    })
    await progress(50)
  })
  const { lost, neverSent, tasks } = expectSound(aftermath)
  expect([lost, neverSent]).toEqual([0, 0])
  expect(tasks).toBeGreaterThan(200)
})

const saysLoading = ({ redis }: Fleet): Promise<boolean> =>
  redis.command('PING').then(
    () => false,
    (error: Error) => error.message.startsWith('LOADING'),
  )

const finished = (api: Api, groupId: string): Promise<unknown> =>
  eventually('everything is complete', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded'
  })

test('a slow Redis makes nobody wait for longer than three seconds, and work is done', async () => {
  const fleet = await startFleet({ size: 1, hasProxies: true })
  const [{ api }] = fleet.instances as [Instance]
  const [proxy] = fleet.proxies
  const { id: groupId } = await makeGroup(api)
  const { id } = await api.post<{ id: string }>(`/api/v1/task_group/${groupId}/tasks`, { worker: 'any' })
  await eventually('it is complete', async () => (await readTask(api, id)).state === 'succeeded')
  // A call ends in time, three in a row do not.
  proxy?.delay(1200)
  const requests = [
    ['GET', '/api/v1/task_groups'],
    ['GET', `/api/v1/task_group/${groupId}/tasks`],
    ['GET', `/api/v1/task/${id}/why`],
    ['POST', '/api/v1/task_groups', { name: 'late' }],
    ['POST', `/api/v1/task_group/${groupId}/tasks`, { worker: 'any', parentIds: [id] }],
    ['PUT', `/api/v1/task/${id}`, { name: 'late' }],
  ] as const
  const ask = async (request: (typeof requests)[number]) => {
    const [method, path, body] = request
    const askedAt = performance.now()
    const { status } = await api.call(method, path, body)
    return { request, path, status, isInTime: awakeMs(askedAt) < 3000 }
  }
  const answers = await Promise.all(requests.map(ask))
  // The limit of the server is close to it: whoever was late on a busy machine is asked again, and then must not be.
  const late = answers.filter(({ isInTime }) => !isInTime)
  const again = await Promise.all(late.map(({ request }) => ask(request)))
  console.log(JSON.stringify([...answers, ...again].map(({ status }) => status)))
  expect([...answers, ...again].filter(({ status }) => status !== 200 && status !== 503)).toEqual([])
  expect(again.filter(({ isInTime }) => !isInTime)).toEqual([])
  await eventually('the late task is POSTed', () => fleet.worker.deliveries.length >= 2)
  await proxy?.heal()
  await finished(api, groupId)
})

const BIG_INPUT = 'x'.repeat(20_000)
const BIG_TASKS = 400
/** What ends gives it no room by the way; a deletion does. */
const LESS_THAN_INPUTS = '6mb'
const DEPENDANTS = 600

test('a full Redis takes no new work, ends what it has, and takes new work again when there is room', async () => {
  const fleet = await startFleet({ size: 2 })
  const [{ api }] = fleet.instances as [Instance, ...Instance[]]
  const { id: groupId } = await makeGroup(api, { isPaused: true })
  const batch = `/api/v1/task_group/${groupId}/tasks/batch`
  // More of them than one script may count down.
  const dependants = Array.from({ length: DEPENDANTS }, () => ({ worker: 'last', parentIds: ['fan'] }))
  await api.post(batch, { tasks: [{ id: 'fan', worker: 'first' }, ...dependants] })
  const big = Array.from({ length: BIG_TASKS }, (_, at) => ({ worker: `w${at % 10}`, input: BIG_INPUT }))
  await api.post(batch, { tasks: big })
  const stored = 1 + DEPENDANTS + big.length
  await fleet.redis.command('CONFIG', 'SET', 'maxmemory', LESS_THAN_INPUTS)

  // Clients go on asking all the time; what ends must not wait for what is refused.
  const clients = new RefusedClients(fleet, `/api/v1/task_group/${groupId}/tasks`)
  await api.post(`/api/v1/task_group/${groupId}/resume`, {})
  await finished(api, groupId)
  await clients.stop()
  expect(clients.answers).toBeGreaterThan(20)
  expect([...clients.kinds]).toEqual(['503 storage_full, Retry-After 1'])
  expect(await listTasks(api, groupId)).toHaveLength(stored)
  expect(fleet.worker.deliveries).toHaveLength(stored)

  await api.delete(`/api/v1/task_group/${groupId}`)
  const { id: next } = await makeGroup(api)
  await api.post(`/api/v1/task_group/${next}/tasks`, { worker: 'any', input: BIG_INPUT })
  await finished(api, next)
  expect(await fleet.audit()).toEqual([])
})

/** They ask each server again and again to create a task. */
class RefusedClients {
  answers = 0
  /** What they were answered. */
  readonly kinds = new Set<string>()
  readonly #running: Promise<unknown>
  #isStopping = false

  constructor({ instances }: Fleet, path: string) {
    this.#running = Promise.all(instances.map(({ api }) => this.#ask(api, path)))
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  async #ask(api: Api, path: string): Promise<void> {
    while (!this.#isStopping) {
      const { status, text, headers } = await api.call('POST', path, { worker: 'any', input: BIG_INPUT })
      const { code } = JSON.parse(text) as { code?: string }
      this.kinds.add(`${status} ${code}, Retry-After ${headers['retry-after']}`)
      this.answers++
      await pass(1)
    }
  }
}

const LATE_MS = 3000

test('a Redis that comes late or loads its file is waited for, and one that does not come is named', async () => {
  const absent = await freePort()
  // This one gives up after ten seconds: time enough for the others.
  const nobody = runCrew({ dir: makeDir(), args: ['start'], env: { CREW_STORAGE: `redis://127.0.0.1:${absent}` } })
  await expectLateIsAwaited()
  await expectLoadingIsAwaited()
  const { code, stderr } = await nobody
  expect([code, stderr]).toEqual([2, expect.stringContaining(`127.0.0.1:${absent} cannot be reached`)])
  expect(stderr).toContain('start it, or correct CREW_STORAGE')
})

async function expectLateIsAwaited(): Promise<void> {
  const redis = await startRedisServer({ isOwn: true })
  onTestFinished(() => redis.stop())
  await redis.kill()
  const env = { CREW_STORAGE: redis.url, CREW_AUTH: 'off' }
  const waiting = launch({ dir: makeDir(), args: ['start', '--port', '0'], env })
  await pass(LATE_MS)
  expect(waiting.stderr()).toBe('')
  await redis.start()
  await eventually('it starts', () => waiting.stderr().includes('listens at'))
  waiting.term()
  expect(await waiting.ended).toBe(0)
}

/** Of which each takes so long that a busy machine sees it load. */
const LOADED_TASKS = 3000

async function expectLoadingIsAwaited(): Promise<void> {
  const fleet = await startFleet({ size: 1, redis: { appendonly: 'always' } })
  const [{ api }] = fleet.instances as [Instance]
  const { id: groupId } = await makeGroup(api, { isPaused: true })
  const tasks = Array.from({ length: LOADED_TASKS }, (_, at) => ({ worker: `w${at % 10}` }))
  await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, { tasks })
  await fleet.redis.kill()
  // Each command of the file takes 200 µs more.
  const started = fleet.redis.start({ 'key-load-delay': '200' })
  await eventually('it is loading', () => saysLoading(fleet))
  const askedAt = performance.now()
  const answer = await api.call('GET', '/api/v1/task_groups')
  expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('storage_unavailable')])
  expect(awakeMs(askedAt)).toBeLessThan(3000)
  expect((await api.call('GET', '/readyz')).status).toBe(503)
  expect(await saysLoading(fleet)).toBe(true)
  await fleet.redis.command('CONFIG', 'SET', 'key-load-delay', '0')
  await started
  const startedAt = performance.now()
  await eventually('it answers again', async () => (await api.call('GET', '/readyz')).status === 200)
  expect(awakeMs(startedAt)).toBeLessThan(3000)
  await api.post(`/api/v1/task_group/${groupId}/resume`, {})
  await finished(api, groupId)
  expect(fleet.worker.deliveries).toHaveLength(LOADED_TASKS)
}

test('a server that is told to stop while Redis is away ends in order', async () => {
  const fleet = await startFleet({ size: 1 })
  const [crew] = fleet.instances as [Instance]
  await fleet.redis.kill()
  await eventually('it notices', async () => (await crew.api.call('GET', '/readyz')).status === 503)
  crew.term()
  expect(await crew.ended).toBe(0)
})

import { outsideDesk } from '../../server/controller/outside-desk.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { type Api, type Json, makeApi, TOKEN } from '../api/make-api.ts'
import type { Random } from '../e2e/support/random.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { eventually } from '../support/eventually.ts'
import { type FakeCall, fakeWorkers } from '../support/fake-workers.ts'
import { settle } from '../support/simulated-timers.ts'
import { trackCalls } from '../support/storage-wrappers.ts'
import type { Target } from './campaign.ts'
import { makeClient } from './client.ts'
import type { Known } from './known.ts'
import type { Operation } from './operations.ts'
import type { Logins } from './requests.ts'
import { POLLERS, PULLED, PUSHED } from './valid-values.ts'
import { meterWrites } from './write-meter.ts'

/** The whole API over a controller whose workers answer, all in this process; time moves with the requests alone. */
export interface FuzzWorld extends Target {
  readonly api: Api
}

/** Small, so that what is too large is cheap to send. */
const MAX_BODY_BYTES = 256 * 1024

export async function openFuzzWorld(random: Random, known: Known): Promise<FuzzWorld> {
  const replier = makeReplier(random, known)
  const idles: (() => Promise<void>)[] = []
  const tracking = (storage: TaskStorage): TaskStorage => {
    const tracked = trackCalls(storage)
    idles.push(tracked.idle)
    return tracked.storage
  }
  const world = await openControllerWorld({ onPost: replier.take, wrap: tracking })
  const outside = outsideDesk(world.controller, world.callbacks)
  const meter = meterWrites(tracking(world.storage))
  const api = await makeApi({
    outside,
    clock: world.clock,
    wrap: () => meter.storage,
    workers: { client: fakeWorkers((call) => call.reply()) },
    maxBodyBytes: MAX_BODY_BYTES,
  })
  for (const name of PULLED) await api.json('PUT', `/api/v1/worker/${encodeURIComponent(name)}`, { mode: 'pull' })
  const client = makeClient(await api.listen())
  const advance = async (ms: number): Promise<void> => {
    await world.book.reload()
    await world.advance(ms)
  }
  return {
    api,
    logins: await makeLogins(api),
    writes: () => meter.writes,
    async rest() {
      for (const idle of idles) await idle()
    },
    takesTime,
    async fingerprint() {
      // What goes on behind an answer, or in the controller beside it, is no change of the request that comes next.
      for (const idle of idles) await idle()
      await settle()
      for (const idle of idles) await idle()
      return api.fingerprint()
    },
    async send(request) {
      const answer = await (takesTime(request.operation)
        ? whileTimePasses(client.send(request), advance)
        : client.send(request))
      // What it began must not write while the next is judged.
      if (/bulk/i.test(request.operation.id)) await bulkEnded(api)
      return answer
    },
    async tend() {
      await tendWorld(api, known)
      api.tick()
      await advance(1000)
      replier.answerOpen()
      await advance(9000)
      for (const name of PULLED) known.learn('acquireTask', await whileTimePasses(fetchTask(api, name), advance))
    },
  }
}

const takesTime = ({ id }: Operation): boolean => /^(acquireTask|releaseTask|\w+Attempt)$/.test(id)

/** A task for a poller, that it may release. */
const fetchTask = (api: Api, channel: string): Promise<Json> =>
  api.json('POST', `/api/v1/channel/${encodeURIComponent(channel)}/acquire`, { workerId: POLLERS[0] })

/** Polls and answers of attempts go through the controller, which waits for its timers. */
async function whileTimePasses<Answer>(
  sending: Promise<Answer>,
  advance: (ms: number) => Promise<void>,
): Promise<Answer> {
  let isDone = false
  const done = (): void => {
    isDone = true
  }
  sending.then(done, done)
  while (!isDone) await advance(20)
  return sending
}

async function bulkEnded(api: Api): Promise<void> {
  const isRunning = async (): Promise<boolean> =>
    (await api.json('GET', '/api/v1/bulk')).operations.some(({ state }: { state: string }) => state === 'running')
  await eventually(async () => !(await isRunning()))
}

/** What both the API in this process and a server beside it have: the parsed answer of a call that must succeed. */
export type JsonApi = Pick<Api, 'json'>

/** Programs that may all, some and little; `admin` is what the server was started with. */
export async function makeLogins(api: JsonApi, admin: string = TOKEN): Promise<Logins> {
  const tokenOf = (role: string): Promise<Json> => api.json('POST', '/api/v1/tokens', { name: `the ${role}`, role })
  const [operator, viewer, revoked] = [await tokenOf('operator'), await tokenOf('viewer'), await tokenOf('admin')]
  await api.json('DELETE', `/api/v1/token/${revoked.id}`)
  return { admin, operator: operator.secret, viewer: viewer.secret, revoked: revoked.secret }
}

/** Workers that succeed, fail, answer later, and not at all. */
function makeReplier(random: Random, known: Known) {
  const open = new Set<FakeCall>()
  const take = (call: FakeCall): void => {
    const { callback } = JSON.parse(call.body) as { callback?: { token: string } }
    const kind = random.next()
    if (kind < 0.2) open.add(call)
    else if (kind < 0.4) call.reply(answer({ error: `row ${random.between(1, 9)}` }, random.pick([200, 500, 404])))
    else if (kind < 0.6 && callback) {
      known.add('attempt', callback.token)
      call.reply(answer('', 202))
    } else call.reply(answer({ output: { n: 1.5 } }))
  }
  const answerOpen = (): void => {
    for (const call of open) if (!call.isAborted) call.reply()
    open.clear()
  }
  return { take, answerOpen }
}

const MAX_GROUPS = 40

/** Lifts what requests have limited, and makes new work. */
export async function tendWorld(api: JsonApi, known: Known): Promise<void> {
  await api.json('PUT', '/api/v1/traffic', { maxConcurrent: null, rateLimit: null, ramp: null })
  const free = { maxConcurrent: null, rateLimit: null, ramp: null, isPaused: false }
  for (const name of PUSHED) await api.json('PUT', workerUrl(name), { ...free, url: null, mode: null, headers: null })
  for (const name of PULLED) await api.json('PUT', workerUrl(name), { ...free, url: null, mode: 'pull', headers: null })
  for (const name of [...PUSHED, ...PULLED]) await api.json('POST', `${workerUrl(name)}/resume`)
  await deleteOldest(api)
  const workers = [...PUSHED, ...PULLED, ...PULLED]
  const tasks = workers.map((worker) => ({ worker, remainingAttempts: 1 }))
  const group = await api.json('POST', '/api/v1/task_groups/graph', { name: 'work', tasks })
  known.add('group', group.id)
  known.learn('listTasks', await api.json('GET', `/api/v1/task_group/${group.id}/tasks`))
}

const workerUrl = (name: string): string => `/api/v1/worker/${encodeURIComponent(name)}`

async function deleteOldest(api: JsonApi): Promise<void> {
  const { taskGroups } = await api.json('GET', '/api/v1/task_groups?pageSize=0')
  for (const { id } of taskGroups.slice(MAX_GROUPS)) await api.json('DELETE', `/api/v1/task_group/${id}`)
}

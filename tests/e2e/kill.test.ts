import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sentenceOf } from '../../server/core/fault.ts'
import {
  extraPosts,
  faultsOfChildren,
  faultsOfCreations,
  faultsOfEnds,
  faultsOfOrder,
  faultsOfOutputs,
  faultsOfOverlap,
  faultsOfPosts,
  faultsOfTokens,
} from '../../server/selftest/checks.ts'
import { type History, Index, type Life } from '../../server/selftest/history.ts'
import { openStorage } from '../../storage/open-storage.ts'
import { freePort } from '../support/free-port.ts'
import { healthyAt, Load } from './kill/load.ts'
import { answerAsTold, Plan } from './kill/plan.ts'
import { everythingFinished, readEverything } from './kill/read-back.ts'
import { checkRecovery, RECOVERY_MS } from './kill/recovery.ts'
import { type Api, makeApi } from './support/api-client.ts'
import { type CrewProcess, launch, makeDir, TOKEN } from './support/crew.ts'
import { makeRandom, type Random } from './support/random.ts'
import { startWorker } from './support/recording-worker.ts'
import { pass } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

const KILLS = 20
const MIN_TASKS = 2000
const MIN_EXTRA_POSTS = 20

test('a server that is killed twenty times under load loses nothing, repeats only what was in flight, and goes on at once', async () => {
  const random = makeRandom('kill')
  const { history, faults, kills } = await runWithKills(random)
  const index = new Index(history)
  const { extra, faults: unexplained } = extraPosts(index)
  const recovery = checkRecovery(index, acknowledgedAt(history))
  const counts = { tasks: history.tasks.size, posts: history.deliveries.length, kills, extra, recovery }
  console.log(JSON.stringify(counts))

  expect(faultsOfCreations(index)).toEqual([])
  expect(faultsOfEnds(index)).toEqual([])
  expect(faultsOfPosts(index)).toEqual([])
  expect(unexplained).toEqual([])
  expect(faultsOfOrder(index)).toEqual([])
  expect(faultsOfChildren(index)).toEqual([])
  expect(faultsOfOverlap(index)).toEqual([])
  expect(faultsOfOutputs(index)).toEqual([])
  expect(faultsOfTokens(index)).toEqual([])
  expect(recovery.faults).toEqual([])
  expect(faults).toEqual([])
  // Green means something only if there was work, and the kills hit it.
  expect(history.tasks.size).toBeGreaterThan(MIN_TASKS)
  expect(kills).toBe(KILLS)
  expect(extra.unanswered + extra.answeredWithinWindow).toBeGreaterThan(MIN_EXTRA_POSTS)
  expect(recovery.recovered).toBeGreaterThan(KILLS)
})

async function runWithKills(random: Random): Promise<{ history: History; faults: string[]; kills: number }> {
  const worker = await startWorker(answerAsTold)
  const dir = makeDir()
  const port = await freePort()
  const api = makeApi(`http://127.0.0.1:${port}`, TOKEN)
  const env = { CREW_AUTH_TOKEN: TOKEN, CREW_WORKER_BASE_URL: worker.url, CREW_LOG_LEVEL: 'error' }
  const start = () => launch({ dir, args: ['start', '--port', String(port)], env })

  const first = start()
  await healthyAt(api, () => false)
  const { id: groupId } = await makeGroup(api)
  const load = new Load({ api, plan: new Plan(random, groupId), everyMs: 15 })
  const { lives, last } = await killAgainAndAgain({ first, start, api, random })
  await load.stop()
  await everythingFinished(api)

  const { tasks, attempts } = await readEverything(api)
  last.term()
  expect(await last.ended).toBe(0)
  await api.close()
  const { creations } = load
  const history = { creations, lives, deliveries: worker.deliveries, tasks, attempts }
  return { history, faults: await audit(join(dir, 'crew.db')), kills: lives.length - 1 }
}

interface Killing {
  readonly first: CrewProcess
  readonly start: () => CrewProcess
  readonly api: Api
  readonly random: Random
}

async function killAgainAndAgain({
  first,
  start,
  api,
  random,
}: Killing): Promise<{ lives: Life[]; last: CrewProcess }> {
  const lives: Life[] = []
  let crew = first
  for (let kill = 0; kill <= KILLS; kill++) {
    const life: Life = { spawnedAt: performance.now(), healthyAt: null, killedAt: Infinity, goneAt: Infinity }
    lives.push(life)
    if (kill > 0) crew = start()
    if (kill === KILLS) {
      life.healthyAt = await healthyAt(api, () => false)
      break
    }
    await liveFor(life, api, momentOfKill(kill, random))
    life.killedAt = performance.now()
    await crew.kill9()
    life.goneAt = performance.now()
  }
  return { lives, last: crew }
}

/** Every fifth dies while it starts, every fifth lives long enough to show that everything that waited was POSTed in time. */
function momentOfKill(kill: number, random: Random): { after: 'start' | 'health'; ms: number } {
  if (kill % 5 === 3) return { after: 'start', ms: random.between(50, 600) }
  if (kill % 5 === 4) return { after: 'health', ms: RECOVERY_MS + random.between(100, 500) }
  return { after: 'health', ms: random.between(20, 1000) }
}

async function liveFor(life: Life, api: Api, { after, ms }: ReturnType<typeof momentOfKill>): Promise<void> {
  let isOver = false
  const health = healthyAt(api, () => isOver)
  if (after === 'health') life.healthyAt = await health
  await pass(ms)
  isOver = true
  life.healthyAt ??= await health
}

/** When the client knew that a task is stored. */
function acknowledgedAt({ creations }: History): Map<string, number> {
  const acknowledged = creations.filter(({ outcome }) => outcome === 'acknowledged')
  return new Map(acknowledged.flatMap(({ tasks, endedAt }) => tasks.map(({ id }) => [id, endedAt] as const)))
}

/** The full scan of the file that the last server left. */
async function audit(path: string): Promise<string[]> {
  const storage = await openStorage({
    setting: `sqlite:${path}`,
    dataDir: null,
    clock: { now: () => Date.now() },
    bootId: 'audit',
  })
  const { faults } = await storage.audit()
  await storage.close()
  return faults.map(sentenceOf)
}

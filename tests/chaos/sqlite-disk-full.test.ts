import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sentenceOf } from '../../server/core/fault.ts'
import { openStorage } from '../../storage/open-storage.ts'
import { Load } from '../e2e/kill/load.ts'
import { answerAsTold, Plan } from '../e2e/kill/plan.ts'
import { everythingFinished, readEverything } from '../e2e/kill/read-back.ts'
import { expectSound } from '../e2e/redis/checks.ts'
import { makeDir, startCrew } from '../e2e/support/crew.ts'
import { makeRandom } from '../e2e/support/random.ts'
import { type RecordingWorker, startWorker } from '../e2e/support/recording-worker.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { makeGroup } from '../e2e/support/world.ts'
import { limitFiles, NO_LIMITS } from './store/file-limit.ts'
import { isFull, withoutRefused } from './store/refused.ts'

const EVERY_MS = 20
const CALM = 100
const MIN_REFUSED = 20
const MIN_TASKS = 200
/** Room for a few more change sets. */
const ROOM_BYTES = 20_000
const QUIET_MS = 1000

test('a disk that fills up under load loses nothing that was acknowledged, takes nothing that it refused, and all goes on', async ({
  skip,
}) => {
  skip(NO_LIMITS !== '', NO_LIMITS)
  const worker = await startWorker(answerAsTold)
  const dir = makeDir()
  const env = { CREW_WORKER_BASE_URL: worker.url, CREW_LOG_LEVEL: 'error' }
  const crew = await startCrew({ dir, env })
  const { api } = crew
  const { id: groupId } = await makeGroup(api)
  const load = new Load({ api, plan: new Plan(makeRandom('full SQLite'), groupId), everyMs: EVERY_MS })
  await answered(worker, CALM)

  limitFiles(crew.pid, largestOf(dir) + ROOM_BYTES)
  await eventually('new work is refused', () => load.creations.filter(isFull).length > MIN_REFUSED)
  await eventually('nothing new is begun', () => performance.now() - newestPost(worker) > QUIET_MS)
  const { status, text } = await api.call('GET', '/readyz')
  expect([status, JSON.parse(text).detail.state]).toEqual([503, 'read-only'])
  limitFiles(crew.pid, 'unlimited')
  await eventually('it is ready again', async () => (await api.call('GET', '/readyz')).status === 200)

  await answered(worker, CALM)
  await load.stop()
  await everythingFinished(api)
  const { tasks, attempts } = await readEverything(api)
  crew.term()
  expect(await crew.ended).toBe(0)
  const history = { creations: load.creations, lives: [], deliveries: worker.deliveries, tasks, attempts }
  const whole = { history, troubles: [], faults: await faultsOf(join(dir, 'crew.db')), errors: [] }
  const { aftermath, refused } = withoutRefused(whole)
  console.log(JSON.stringify({ refused }))
  expect(expectSound(aftermath)).toMatchObject({ lost: 0, neverSent: 0, unknown: 0 })
  expect(tasks.size).toBeGreaterThan(MIN_TASKS)
})

/** Resolves when so many more POSTs have been answered. */
async function answered({ deliveries }: RecordingWorker, more: number): Promise<void> {
  const count = (): number => deliveries.filter(({ answeredAt }) => answeredAt !== null).length
  const wanted = count() + more
  await eventually('work goes on', () => count() >= wanted)
}

const newestPost = ({ deliveries }: RecordingWorker): number => deliveries.at(-1)?.firstByteAt ?? 0

const largestOf = (dir: string): number =>
  Math.max(
    ...['crew.db', 'crew.db-wal']
      .map((name) => join(dir, name))
      .filter((file) => existsSync(file))
      .map((file) => statSync(file).size),
  )

/** What SQLite says of the file, and then Crew of what is in it. */
async function faultsOf(path: string): Promise<string[]> {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[]
  database.close()
  const clock = { now: Date.now }
  const storage = await openStorage({ setting: `sqlite:${path}`, dataDir: null, clock, bootId: 'audit' })
  const { faults } = await storage.audit()
  await storage.close()
  return [...rows.map((row) => row.integrity_check).filter((said) => said !== 'ok'), ...faults.map(sentenceOf)]
}

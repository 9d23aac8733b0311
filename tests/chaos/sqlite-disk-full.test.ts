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
import type { Api, ApiAnswer } from '../e2e/support/api-client.ts'
import { type Crew, makeDir, startCrew } from '../e2e/support/crew.ts'
import { makeRandom } from '../e2e/support/random.ts'
import { type RecordingWorker, startWorker } from '../e2e/support/recording-worker.ts'
import { eventually } from '../e2e/support/waiting.ts'
import { makeGroup } from '../e2e/support/world.ts'
import { limitFiles, NO_LIMITS } from './store/file-limit.ts'
import { isFull, withoutRefused } from './store/refused.ts'
import { mountSmallDisk, NO_SMALL_DISK } from './store/small-disk.ts'

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
  const dir = makeDir()
  await fillUnderLoad(dir, {
    fill: ({ pid }) => limitFiles(pid, largestOf(dir) + ROOM_BYTES),
    free: ({ pid }) => limitFiles(pid, 'unlimited'),
  })
})

test('a small file system that fills up under load does the same', async ({ skip }) => {
  skip(NO_SMALL_DISK !== '', NO_SMALL_DISK)
  const disk = mountSmallDisk()
  await fillUnderLoad(disk.dir, { fill: () => disk.leave(ROOM_BYTES), free: () => disk.grow() })
})

/** How there comes to be no room, and room again. */
interface Filling {
  fill(crew: Crew): void
  free(crew: Crew): void
}

/** A server whose store is in that folder. */
async function fillUnderLoad(dir: string, { fill, free }: Filling): Promise<void> {
  const worker = await startWorker(answerAsTold)
  const env = { CREW_WORKER_BASE_URL: worker.url, CREW_LOG_LEVEL: 'error' }
  const crew = await startCrew({ dir, env })
  const { api } = crew
  const { id: groupId } = await makeGroup(api)
  const load = new Load({ api, plan: new Plan(makeRandom('full SQLite'), groupId), everyMs: EVERY_MS })
  await answered(worker, CALM)

  fill(crew)
  await eventually('new work is refused', () => load.creations.filter(isFull).length > MIN_REFUSED)
  await eventually('nothing new is begun', () => performance.now() - newestPost(worker) > QUIET_MS)
  // It looks by a small write, for which there may be room for a few more times.
  const { text } = await eventually('it is not ready', () => readyz(api, 503))
  expect(JSON.parse(text).detail.state).toBe('read-only')
  free(crew)
  await eventually('it is ready again', () => readyz(api, 200))

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
}

/** Resolves when so many more POSTs have been answered. */
async function answered({ deliveries }: RecordingWorker, more: number): Promise<void> {
  const count = (): number => deliveries.filter(({ answeredAt }) => answeredAt !== null).length
  const wanted = count() + more
  await eventually('work goes on', () => count() >= wanted)
}

/** The answer, once it has that status. */
async function readyz(api: Api, wanted: 200 | 503): Promise<ApiAnswer | null> {
  const answer = await api.call('GET', '/readyz')
  return answer.status === wanted ? answer : null
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

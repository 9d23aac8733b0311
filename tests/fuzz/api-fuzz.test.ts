import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Random, seeded } from '../e2e/support/random.ts'
import { type Report, runCampaign } from './campaign.ts'
import { Known } from './known.ts'
import { operationsOf } from './operations.ts'
import { openFuzzWorld } from './world.ts'

const REQUESTS = Number(process.env.CREW_FUZZ_REQUESTS ?? 25_000)

/** What cannot succeed here: upgrades are for another test, and no bulk operation of this store is long enough to be stopped. */
const neverSucceed = ['streamTaskGroup', 'followTopics', 'continueBulk']

test('no request breaks the server, changes anything when it is refused, or is answered otherwise than documented', {
  timeout: 600_000,
}, async () => {
  const random = seededRandom()
  const known = new Known()
  const world = await openFuzzWorld(random, known)
  const document = await world.api.json('GET', '/openapi.json')
  const report = await runCampaign({ target: world, document, random, known, requests: REQUESTS })
  console.log(summaryOf(report))
  expect(report.faults).toEqual([])
  const share = REQUESTS / operationsOf(document).length
  expect(scarce(report, 'sent', share / 2)).toEqual([])
  expect(scarce(report, 'succeeded', share / 20)).toEqual(neverSucceed.toSorted())
  expect(world.api.log).toEqual([])
  expect('polluted' in {}).toBe(false)
  await expectHealthy(world.api)
})

/** `CREW_FUZZ_SEED` repeats a run. */
function seededRandom(): Random {
  const seed = Number(process.env.CREW_FUZZ_SEED ?? randomInt(2 ** 31))
  console.log(`fuzz: CREW_FUZZ_SEED=${seed}`)
  return seeded(seed)
}

function scarce({ operations }: Report, what: 'sent' | 'succeeded', least: number): string[] {
  return [...operations]
    .filter(([, tally]) => tally[what] < least)
    .map(([id]) => id)
    .toSorted()
}

function summaryOf({ operations, statuses }: Report): string {
  const sent = [...operations.values()].reduce((sum, tally) => sum + tally.sent, 0)
  const byStatus = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  return `fuzz: ${sent} requests of ${operations.size} operations; ${byStatus.join(', ')}`
}

/** The books agree with a full scan, and what was right before is still. */
async function expectHealthy(api: Awaited<ReturnType<typeof openFuzzWorld>>['api']): Promise<void> {
  expect((await api.storage.audit()).faults).toEqual([])
  const tasks = [
    { id: 'healthy-1', worker: 'w', input: { n: 1 } },
    { id: 'healthy-2', worker: 'w', parentIds: ['healthy-1'] },
  ]
  // Paused, so that the controller beside it takes none of them away.
  const { id } = await api.json('POST', '/api/v1/task_groups/graph', { isPaused: true, tasks })
  await api.json('PUT', '/api/v1/task/healthy-1', { isComplete: true, output: [] })
  await api.json('PUT', '/api/v1/task/healthy-2', { isComplete: true })
  expect(await api.json('GET', `/api/v1/task_group/${id}`)).toMatchObject({
    completedPercent: 1,
    counts: { succeeded: 2 },
  })
}

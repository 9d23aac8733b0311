import { randomInt } from 'node:crypto'
import { expect } from 'vitest'
import type { Json } from '../api/make-api.ts'
import { type Random, seeded } from '../e2e/support/random.ts'
import type { Report } from './campaign.ts'

/** `CREW_FUZZ_SEED` repeats a run. */
export function fuzzRandom(): Random {
  const seed = Number(process.env.CREW_FUZZ_SEED ?? randomInt(2 ** 31))
  console.log(`fuzz: CREW_FUZZ_SEED=${seed}`)
  return seeded(seed)
}

/** Operations that came, or succeeded, less often than that. */
export function scarce({ operations }: Report, what: 'sent' | 'succeeded', least: number): string[] {
  return [...operations]
    .filter(([, tally]) => tally[what] < least)
    .map(([id]) => id)
    .toSorted()
}

export function summaryOf({ operations, statuses }: Report): string {
  const sent = [...operations.values()].reduce((sum, tally) => sum + tally.sent, 0)
  const byStatus = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  return `fuzz: ${sent} requests of ${operations.size} operations; ${byStatus.join(', ')}`
}

/** What was right before is still. */
export async function expectWorking(json: (method: string, url: string, body?: unknown) => Promise<Json>) {
  const tasks = [
    { id: 'healthy-1', worker: 'w', input: { n: 1 } },
    { id: 'healthy-2', worker: 'w', parentIds: ['healthy-1'] },
  ]
  // Paused, so that the controller beside it takes none of them away.
  const { id } = await json('POST', '/api/v1/task_groups/graph', { isPaused: true, tasks })
  await json('PUT', '/api/v1/task/healthy-1', { isComplete: true, output: [] })
  await json('PUT', '/api/v1/task/healthy-2', { isComplete: true })
  expect(await json('GET', `/api/v1/task_group/${id}`)).toMatchObject({ completedPercent: 1, counts: { succeeded: 2 } })
}

import { expect, test } from 'vitest'
import { runCrew } from '../e2e/support/crew.ts'
import { runCampaign } from '../fuzz/campaign.ts'
import { Known } from '../fuzz/known.ts'
import { startProcessTarget } from '../fuzz/process-target.ts'
import { expectWorking, fuzzRandom, scarce, summaryOf } from '../fuzz/report.ts'

/** A tenth of what the API in one process is sent: here it is about what only a whole server has around it. */
const REQUESTS = Number(process.env.CREW_FUZZ_REQUESTS ?? 2500)
const OPERATIONS = 98
/** Three cannot succeed here, see the campaign in `tests/fuzz`; a few others need luck. */
const MAX_UNSUCCESSFUL = 8

test('a server under fuzz answers each request as documented, drops no connection, and its store is whole afterwards', async () => {
  const random = fuzzRandom()
  const known = new Known()
  const target = await startProcessTarget(random, known)
  const { crew, dir } = target
  const document = await target.json('GET', '/openapi.json')
  const report = await runCampaign({ target, document, random, known, requests: REQUESTS })
  console.log(summaryOf(report))
  expect(report.faults).toEqual([])
  expect(report.operations.size).toBeGreaterThanOrEqual(OPERATIONS)
  expect(scarce(report, 'sent', REQUESTS / OPERATIONS / 5)).toEqual([])
  expect(scarce(report, 'succeeded', 1).length).toBeLessThanOrEqual(MAX_UNSUCCESSFUL)
  await expectWorking(target.json)
  crew.term()
  expect(await crew.ended).toBe(0)
  const lines = crew.stdout().split('\n')
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  expect(await runCrew({ dir, args: ['fsck'] })).toMatchObject({ code: 0 })
})

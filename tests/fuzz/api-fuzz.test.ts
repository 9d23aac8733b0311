import { expect, test } from 'vitest'
import { runCampaign } from './campaign.ts'
import { Known } from './known.ts'
import { operationsOf } from './operations.ts'
import { expectWorking, fuzzRandom, scarce, summaryOf } from './report.ts'
import { openFuzzWorld } from './world.ts'

const REQUESTS = Number(process.env.CREW_FUZZ_REQUESTS ?? 25_000)

/**
 * What cannot succeed here: upgrades are for another test, no bulk operation of this store is long enough to be stopped, and the tokens
 * that ask have no password.
 */
const neverSucceed = ['streamTaskGroup', 'followTopics', 'continueBulk', 'changeMyPassword']

test('no request breaks the server, changes anything when it is refused, or is answered otherwise than documented', {
  timeout: 600_000,
}, async () => {
  const random = fuzzRandom()
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
  // The books agree with a full scan.
  expect((await world.api.storage.audit()).faults).toEqual([])
  await expectWorking(world.api.json)
})

import { field, listField, numberField, textField } from '../../contract/json.ts'
import type { DemoWorker, ParentResult, World } from '../../contract/worker.ts'
import { parentsBy } from './parent-output.ts'

export const createQa = (world: World): DemoWorker => ({
  name: 'campaign/qa',
  about: 'Joins all ads: reads the review of each from its parents and gives the verdict.',
  async run(call) {
    await world.sleep(1000, call.signal)
    const ads = parentsBy(call, 'campaign/create-ad')
    const adIds = new Set(ads.map((ad) => textField(ad.output, 'adId', '')).filter((adId) => adId !== ''))
    const expected = numberField(call.input, 'expectedAds', { fallback: ads.length, min: 0, max: 10_000 })
    if (adIds.size !== expected) {
      return { kind: 'failed', error: `${expected} ads were planned, ${adIds.size} exist`, isRetryable: false }
    }
    return { kind: 'done', output: verdictOn(ads) }
  },
})

function verdictOn(ads: readonly ParentResult[]) {
  const approved = ads.filter((ad) => textField(field(ad.output, 'review'), 'status', '') === 'APPROVED')
  const adSets = new Set(ads.map((ad) => textField(ad.output, 'adSetId', '')))
  return {
    verdict: approved.length === ads.length ? 'READY_TO_LAUNCH' : 'NEEDS_CHANGES',
    ads: ads.length,
    approved: approved.length,
    adSets: adSets.size,
    warnings: ads.flatMap(warningsOf),
  }
}

function warningsOf(ad: ParentResult) {
  const adId = textField(ad.output, 'adId', '')
  return listField(field(ad.output, 'review'), 'warnings').map((warning) => ({ adId, warning }))
}

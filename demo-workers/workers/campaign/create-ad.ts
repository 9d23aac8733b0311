import { textField } from '../../contract/json.ts'
import type { DemoWorker } from '../../contract/worker.ts'
import type { AdFormat, AdPlatform } from '../../simulation/ad-platform.ts'
import { callPlatform } from './call-platform.ts'
import { parentText } from './parent-output.ts'

export const createCreateAd = (platform: AdPlatform): DemoWorker => ({
  name: 'campaign/create-ad',
  about: "Creates an ad in its parent's ad set and has it reviewed.",
  async run(call) {
    const adSetId = parentText(call, 'campaign/create-ad-set', 'adSetId')
    if (adSetId === '') return { kind: 'failed', error: 'no parent gave an adSetId', isRetryable: false }
    const format = parseFormat(textField(call.input, 'format', 'image'))
    return callPlatform(platform, call, {
      object: { kind: 'ad', account: textField(call.input, 'account', '4711'), format },
      output: (adId) => ({
        adId,
        adSetId,
        format,
        headline: textField(call.input, 'headline', ''),
        review: reviewOf(format),
      }),
    })
  },
})

function parseFormat(text: string): AdFormat {
  return text === 'video' || text === 'carousel' ? text : 'image'
}

function reviewOf(format: AdFormat) {
  return format === 'carousel'
    ? { status: 'APPROVED', warnings: ['text covers more than 20 % of the second card'] }
    : { status: 'APPROVED', warnings: [] }
}

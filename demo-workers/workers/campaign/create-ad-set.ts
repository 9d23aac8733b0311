import { field, textField } from '../../contract/json.ts'
import type { DemoWorker } from '../../contract/worker.ts'
import type { AdPlatform } from '../../simulation/ad-platform.ts'
import { callPlatform } from './call-platform.ts'
import { parentText } from './parent-output.ts'

export const createCreateAdSet = (platform: AdPlatform): DemoWorker => ({
  name: 'campaign/create-ad-set',
  about: "Creates an ad set in its parent's campaign.",
  async run(call) {
    const campaignId = parentText(call, 'campaign/create-campaign', 'campaignId')
    if (campaignId === '') return { kind: 'failed', error: 'no parent gave a campaignId', isRetryable: false }
    return callPlatform(platform, call, {
      object: { kind: 'adset', account: textField(call.input, 'account', '4711') },
      output: (adSetId) => ({
        adSetId,
        campaignId,
        audience: textField(call.input, 'audience', ''),
        dailyBudget: field(call.input, 'dailyBudget') ?? null,
      }),
    })
  },
})

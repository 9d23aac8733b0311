import { textField } from '../../contract/json.ts'
import type { DemoWorker } from '../../contract/worker.ts'
import type { AdPlatform } from '../../simulation/ad-platform.ts'
import { callPlatform } from './call-platform.ts'

export const createCreateCampaign = (platform: AdPlatform): DemoWorker => ({
  name: 'campaign/create-campaign',
  about: 'Creates the campaign on the ad platform.',
  run: (call) =>
    callPlatform(platform, call, {
      object: { kind: 'campaign', account: textField(call.input, 'account', '4711') },
      output: (campaignId) => ({ campaignId, name: textField(call.input, 'product', ''), status: 'PAUSED' }),
    }),
})

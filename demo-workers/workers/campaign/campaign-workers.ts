import type { DemoWorker, World } from '../../contract/worker.ts'
import { createAdPlatform } from '../../simulation/ad-platform.ts'
import { createCreateAd } from './create-ad.ts'
import { createCreateAdSet } from './create-ad-set.ts'
import { createCreateCampaign } from './create-campaign.ts'
import { createNotify } from './notify.ts'
import { createPlan } from './plan.ts'
import { createQa } from './qa.ts'

/** The workers of the ad campaign; those that call the ad platform share it, and with it the quota. */
export function createCampaignWorkers(world: World): readonly DemoWorker[] {
  const platform = createAdPlatform(world)
  return [
    createPlan(world),
    createCreateCampaign(platform),
    createCreateAdSet(platform),
    createCreateAd(platform),
    createQa(world),
    createNotify(world),
  ]
}

import type { DemoWorker, World } from '../../contract/worker.ts'
import { parseBrief } from './brief.ts'
import { campaignTasks } from './campaign-tasks.ts'

export const createPlan = (world: World): DemoWorker => ({
  name: 'campaign/plan',
  about: 'Seed of the ad campaign: plans it and answers all its tasks. {"product", "adSets", "adsPerSet", "account"}.',
  async run(call) {
    const brief = parseBrief(call.input)
    await world.sleep(800, call.signal)
    return {
      kind: 'done',
      output: { ...brief, ads: brief.adSets * brief.adsPerSet, objective: 'OUTCOME_SALES' },
      children: campaignTasks(call, brief),
    }
  },
})

import { childId } from '../../contract/child-id.ts'
import type { ChildTask, WorkerCall } from '../../contract/worker.ts'
import type { AdFormat } from '../../simulation/ad-platform.ts'
import type { Brief } from './brief.ts'

const AUDIENCES = ['Trail runners', 'Weekend hikers', 'City commuters', 'Ski tourers', 'Van travellers'] as const
const FORMATS: readonly AdFormat[] = ['image', 'video', 'image', 'carousel']

type Creator = Pick<WorkerCall, 'taskId' | 'deliveryId'>

/** Short waits: people watch this run. */
const ERROR_DELAY_IN_SECONDS = 1.5

/**
 * The continuation that the plan answers: campaign → ad sets → ads → quality check → notification. All of it comes in
 * one answer because the check has every ad as its parent, and only the plan knows them all.
 */
export function campaignTasks(plan: Creator, brief: Brief): readonly ChildTask[] {
  const campaign = campaignTask(plan, brief)
  const adSets = numbers(brief.adSets).map((set) => adSetTask(plan, brief, set))
  const ads = numbers(brief.adSets).flatMap((set) => numbers(brief.adsPerSet).map((ad) => adTask(plan, brief, set, ad)))
  const qa = qaTask(plan, ads)
  return [campaign, ...adSets, ...ads, qa, notifyTask(plan, qa)]
}

function campaignTask(plan: Creator, brief: Brief): ChildTask {
  const { product, account, dailyBudget } = brief
  return {
    ...platformTask(account),
    id: childId(plan, 'campaign'),
    name: `Campaign: ${product}`,
    worker: 'campaign/create-campaign',
    parentIds: [],
    input: { account, product, objective: 'OUTCOME_SALES', dailyBudget },
  }
}

function adSetTask(plan: Creator, brief: Brief, set: number): ChildTask {
  const { account } = brief
  const audience = audienceOf(set)
  return {
    ...platformTask(account),
    id: childId(plan, `set-${set}`),
    name: `Ad set ${set}: ${audience}`,
    worker: 'campaign/create-ad-set',
    parentIds: [childId(plan, 'campaign')],
    input: { account, audience, dailyBudget: Math.round((100 * brief.dailyBudget) / brief.adSets) / 100 },
    metadata: { audience },
  }
}

function adTask(plan: Creator, brief: Brief, set: number, ad: number): ChildTask {
  const { account, product } = brief
  const audience = audienceOf(set)
  const format = FORMATS[(ad - 1) % FORMATS.length] ?? 'image'
  return {
    ...platformTask(account),
    id: childId(plan, `set-${set}.ad-${ad}`),
    name: `Ad ${set}.${ad}: ${format}`,
    worker: 'campaign/create-ad',
    parentIds: [childId(plan, `set-${set}`)],
    input: { account, format, headline: `${product} for ${audience.toLowerCase()}` },
    metadata: { audience, format },
  }
}

function qaTask(plan: Creator, ads: readonly ChildTask[]): ChildTask {
  return {
    id: childId(plan, 'qa'),
    name: 'Quality check',
    worker: 'campaign/qa',
    parentIds: ads.map((ad) => ad.id),
    input: { expectedAds: ads.length },
    errorDelayInSeconds: ERROR_DELAY_IN_SECONDS,
  }
}

function notifyTask(plan: Creator, qa: ChildTask): ChildTask {
  return {
    id: childId(plan, 'notify'),
    name: 'Notify marketing',
    worker: 'campaign/notify',
    parentIds: [qa.id],
    input: { channel: '#marketing' },
    errorDelayInSeconds: ERROR_DELAY_IN_SECONDS,
  }
}

/** What all callers of the platform share: one workgroup per ad account, so that one 429 holds them all. */
function platformTask(account: string) {
  return { workgroup: `ad-account-${account}`, errorDelayInSeconds: ERROR_DELAY_IN_SECONDS }
}

function audienceOf(set: number): string {
  return AUDIENCES[set - 1] ?? `Audience ${set}`
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

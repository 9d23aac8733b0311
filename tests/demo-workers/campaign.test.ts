import { describe, expect, test } from 'vitest'
import { makeWorkers } from './make-workers.ts'
import { createTinyCrew, type TinyCrew } from './tiny-crew.ts'

const SEED = { id: 'g1.seed', worker: 'campaign/plan', isSeed: true }

async function runCampaign(options: { readonly input?: unknown; readonly random?: () => number } = {}) {
  const crew = createTinyCrew(options)
  const startedAt = crew.clock.now
  crew.create([{ ...SEED, input: options.input ?? null }])
  await crew.runToTheEnd()
  return { crew, seconds: (crew.clock.now - startedAt) / 1000 }
}

function tasksBy(crew: TinyCrew, worker: string) {
  return [...crew.tasks.values()].filter((task) => task.worker === worker)
}

function outputsOf(crew: TinyCrew, worker: string) {
  return tasksBy(crew, worker).map((task) => task.output as Record<string, unknown>)
}

function countOf(crew: TinyCrew, outcome: string) {
  return crew.attempts.filter((attempt) => attempt.outcome === outcome).length
}

describe('the ad campaign', () => {
  test('comes to its end within 15 to 40 s, with failures retried and the quota exceeded on the way', async () => {
    const { crew, seconds } = await runCampaign()
    expect(crew.groupState()).toBe('succeeded')
    expect(crew.tasks.size).toBe(19)
    expect(countOf(crew, 'succeeded')).toBe(19)
    expect(countOf(crew, 'failed')).toBe(6)
    expect(countOf(crew, 'rateLimited')).toBeGreaterThan(0)
    expect(seconds).toBeGreaterThan(15)
    expect(seconds).toBeLessThan(40)
  })

  test('shows retries and a hold whatever chance brings, unless it is nothing but bad', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      let state = seed
      const random = () => {
        state = (state * 48_271) % 2_147_483_647
        return state / 2_147_483_647
      }
      const { crew, seconds } = await runCampaign({ random })
      expect([seed, crew.groupState()]).toEqual([seed, 'succeeded'])
      expect(countOf(crew, 'failed')).toBeGreaterThanOrEqual(6)
      expect(countOf(crew, 'rateLimited')).toBeGreaterThan(0)
      expect(seconds).toBeLessThan(45)
    }
  })

  test('is joined by the quality check of all ads, then the notification', async () => {
    const { crew } = await runCampaign()
    const ads = tasksBy(crew, 'campaign/create-ad').map((task) => task.id)
    expect(ads).toHaveLength(12)
    const [qa] = tasksBy(crew, 'campaign/qa')
    const [notify] = tasksBy(crew, 'campaign/notify')
    expect(qa?.parentIds).toEqual([...ads, SEED.id])
    expect(notify?.parentIds).toEqual([qa?.id, SEED.id])
    expect(crew.attempts.at(-2)?.taskId).toBe(qa?.id)
    expect(crew.attempts.at(-1)?.taskId).toBe(notify?.id)
  })

  test('calls the platform under one workgroup per ad account, and nothing else is held with it', async () => {
    const { crew } = await runCampaign({ input: { account: '0815' } })
    for (const task of crew.tasks.values()) {
      expect(task.workgroup).toBe(task.worker.includes('create') ? 'ad-account-0815' : '')
    }
  })

  test('hands ids down from campaign to ad sets to ads, each distinct', async () => {
    const { crew } = await runCampaign()
    const [campaign] = outputsOf(crew, 'campaign/create-campaign')
    const adSets = outputsOf(crew, 'campaign/create-ad-set')
    const ads = outputsOf(crew, 'campaign/create-ad')
    expect(adSets.map((adSet) => adSet.campaignId)).toEqual(Array(3).fill(campaign?.campaignId))
    expect(new Set(ads.map((ad) => ad.adSetId))).toEqual(new Set(adSets.map((adSet) => adSet.adSetId)))
    expect(new Set([campaign?.campaignId, ...adSets.map((set) => set.adSetId), ...ads.map((ad) => ad.adId)]).size).toBe(
      16,
    )
  })

  test('ends with a verdict and a message that people can read', async () => {
    const { crew } = await runCampaign()
    const [verdict] = outputsOf(crew, 'campaign/qa')
    expect(verdict).toMatchObject({ verdict: 'READY_TO_LAUNCH', ads: 12, approved: 12, adSets: 3 })
    expect(verdict?.warnings).toHaveLength(3)
    expect(outputsOf(crew, 'campaign/notify')).toEqual([
      {
        channel: '#marketing',
        message: 'Alpine Shell Jacket: 12 ads in 3 ad sets are ready to launch, with 3 warnings.',
      },
    ])
  })

  test('runs again from its seed after a reset, with failures and holds again', async () => {
    const { crew } = await runCampaign()
    const firstRun = crew.attempts.length
    crew.reset()
    expect([...crew.tasks.keys()]).toEqual([SEED.id])
    await crew.runToTheEnd()
    expect(crew.groupState()).toBe('succeeded')
    const secondRun = crew.attempts.slice(firstRun).map((attempt) => attempt.outcome)
    expect(secondRun.filter((outcome) => outcome === 'failed')).toHaveLength(6)
    expect(secondRun).toContain('rateLimited')
  })

  test('takes its size from the brief, within bounds', async () => {
    const { crew } = await runCampaign({ input: { adSets: 1, adsPerSet: 2, product: 'Tent' } })
    expect(crew.tasks.size).toBe(1 + 1 + 1 + 2 + 2)
    const huge = await makeWorkers().post('campaign/plan', { input: { adSets: 1e9, adsPerSet: 1e9 } })
    expect(huge.body.children).toHaveLength(1 + 50 + 50 * 100 + 2)
  })

  test('two campaigns side by side have no id in common', async () => {
    const crew = createTinyCrew()
    crew.create([SEED, { ...SEED, id: 'g2.seed' }])
    await crew.runToTheEnd()
    expect([crew.groupState(), crew.tasks.size]).toEqual(['succeeded', 38])
  })
})

describe('a campaign worker on its own', () => {
  test('passes the 429 of the platform on with its Retry-After', async () => {
    const { post } = makeWorkers()
    const create = (nth: number) => post('campaign/create-campaign', { input: { account: 'a' } }, `delivery-${nth}`)
    for (let nth = 1; nth <= 5; nth++) expect((await create(nth)).status).toBe(200)
    const refused = await create(6)
    expect([refused.status, refused.retryAfter]).toEqual([429, '4'])
    expect(refused.body.error).toContain('429')
  })

  test('answers a failure of the platform as an error in a 200, since the worker itself is well', async () => {
    const parents = [{ taskId: 's', worker: 'campaign/create-ad-set', input: null, output: { adSetId: '1201' } }]
    const create = () => makeWorkers().post('campaign/create-ad', { parents, input: { format: 'video' } })
    expect(await create()).toMatchObject({ status: 200, body: { error: expect.stringContaining('transcoded') } })
  })

  test.each(['create-ad-set', 'create-ad', 'notify'])('%s gives up without the result that it needs', async (name) => {
    const answer = await makeWorkers().post(`campaign/${name}`)
    expect([answer.status, answer.body.retryable]).toEqual([500, false])
  })

  test('the quality check fails when an ad is missing', async () => {
    const answer = await makeWorkers().post('campaign/qa', { input: { expectedAds: 2 } })
    expect(answer.body).toEqual({ error: '2 ads were planned, 0 exist', retryable: false })
  })
})

describe('the diamond', () => {
  test('runs A, then B and C, then D', async () => {
    const crew = createTinyCrew()
    crew.create([{ id: 's', worker: 'worker-c' }])
    await crew.runToTheEnd()
    const ran = crew.attempts.map((attempt) => crew.tasks.get(attempt.taskId))
    expect(ran.map((task) => task?.name)).toEqual(['', 'A', 'B', 'C', 'D'])
    const [seed, , b, c, d] = ran.map((task) => task?.id)
    expect(crew.tasks.get(d ?? '')?.parentIds).toEqual([b, c, seed])
  })
})

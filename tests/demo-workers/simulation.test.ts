import { describe, expect, test } from 'vitest'
import { createAdPlatform, type PlatformRequest, QUOTA } from '../../demo-workers/simulation/ad-platform.ts'
import { createQuota } from '../../demo-workers/simulation/quota.ts'
import { RecentMap } from '../../demo-workers/simulation/recent-map.ts'
import { sleep } from '../../demo-workers/simulation/sleep.ts'

function makePlatform(random = () => 0.5) {
  const clock = { now: 0 }
  const platform = createAdPlatform({ random, now: () => clock.now, sleep: async () => {} })
  const create = (request: Partial<PlatformRequest> = {}) =>
    platform.create({
      account: '4711',
      kind: 'ad',
      idempotencyKey: 'key-1',
      signal: new AbortController().signal,
      ...request,
    })
  return { clock, create }
}

describe('a quota', () => {
  test('opens its window with the first call and counts per key', () => {
    const clock = { now: 500 }
    const quota = createQuota({ limit: 2, windowMs: 3000, now: () => clock.now })
    expect([quota.take('a'), quota.take('a'), quota.take('b')].every((answer) => answer.isGranted)).toBe(true)
    expect(quota.take('a')).toEqual({ isGranted: false, retryAfterSeconds: 3 })
    clock.now = 3499
    expect(quota.take('a')).toEqual({ isGranted: false, retryAfterSeconds: 1 })
    clock.now = 3500
    expect(quota.take('a')).toEqual({ isGranted: true })
  })

  test('does not count a refused call', () => {
    const clock = { now: 0 }
    const quota = createQuota({ limit: 1, windowMs: 1000, now: () => clock.now })
    for (let call = 0; call < 9; call++) quota.take('a')
    clock.now = 1000
    expect(quota.take('a').isGranted).toBe(true)
  })
})

describe('the ad platform', () => {
  test('answers 429 with the time until the window of the account is over', async () => {
    const { create, clock } = makePlatform()
    for (let call = 0; call < QUOTA.limit; call++) {
      expect(await create({ idempotencyKey: `key-${call}` })).toMatchObject({ kind: 'created' })
    }
    clock.now += 1500
    expect(await create()).toEqual({ kind: 'rateLimited', account: '4711', retryAfterSeconds: 3 })
    expect(await create({ account: '4712' })).toMatchObject({ kind: 'created' })
    clock.now += 2500
    expect(await create()).toMatchObject({ kind: 'created' })
  })

  test('gives objects distinct ids that look like those of a real platform', async () => {
    const { create } = makePlatform()
    const answers = await Promise.all(
      (['campaign', 'adset', 'ad'] as const).map((kind, index) => create({ kind, idempotencyKey: `key-${index}` })),
    )
    const ids = answers.map((answer) => (answer.kind === 'created' ? answer.id : ''))
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^120\d{12}$/)
  })

  test('fails the first call for a video, and that of a new run as well', async () => {
    const { create, clock } = makePlatform()
    const video = (idempotencyKey: string) => create({ format: 'video', idempotencyKey })
    expect(await video('run-1')).toMatchObject({ kind: 'failed', status: 500 })
    expect(await video('run-1')).toMatchObject({ kind: 'created' })
    clock.now += QUOTA.windowMs
    expect(await video('run-2')).toMatchObject({ kind: 'failed', status: 500 })
  })

  test('answers the ad that exists when the answer of a carousel was lost', async () => {
    const { create } = makePlatform()
    expect(await create({ format: 'carousel' })).toMatchObject({ kind: 'failed', status: 502 })
    const found = await create({ format: 'carousel' })
    expect(found).toMatchObject({ kind: 'created' })
    expect(await create({ format: 'carousel' })).toEqual(found)
  })

  test('fails by chance now and then', async () => {
    expect(await makePlatform(() => 0.01).create()).toMatchObject({ kind: 'failed', status: 503 })
    expect(await makePlatform(() => 0.05).create()).toMatchObject({ kind: 'created' })
  })
})

describe('what the simulation rests on', () => {
  test('a sleep ends with the reason of its signal, before or while it waits', async () => {
    const caller = new AbortController()
    const waiting = sleep(1_000_000, caller.signal)
    caller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(sleep(1_000_000, caller.signal)).rejects.toThrow('enough')
    await expect(sleep(0, new AbortController().signal)).resolves.toBeUndefined()
  })

  test('a recent map forgets what was set longest ago', () => {
    const map = new RecentMap<number>(2)
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      map.set(key, value)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4])
  })
})

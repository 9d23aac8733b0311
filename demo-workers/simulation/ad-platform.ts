import { fingerprint } from '../contract/fingerprint.ts'
import type { World } from '../contract/worker.ts'
import { createQuota } from './quota.ts'
import { RecentMap } from './recent-map.ts'

/** One write to the ad platform. */
export interface PlatformRequest {
  readonly account: string
  /** The same key again is the same write again: what exists already is answered, not created twice. */
  readonly idempotencyKey: string
  readonly kind: 'campaign' | 'adset' | 'ad'
  readonly format?: AdFormat
  readonly signal: AbortSignal
}

export type AdFormat = 'image' | 'video' | 'carousel'

export type PlatformAnswer =
  | { readonly kind: 'created'; readonly id: string }
  | { readonly kind: 'rateLimited'; readonly account: string; readonly retryAfterSeconds: number }
  | { readonly kind: 'failed'; readonly status: number; readonly message: string }

/** The simulated provider that the campaign workers call. */
export interface AdPlatform {
  create(request: PlatformRequest): Promise<PlatformAnswer>
}

/**
 * Five calls in 4 s are fewer than even one caller at a time makes (a call takes half a second), so a campaign of more
 * than five objects exceeds the quota for certain, while the default of 16 still ends after about 20 s.
 */
export const QUOTA = { limit: 5, windowMs: 4000 } as const

/** On top of the certain failures below; low, so that five attempts practically always suffice. */
const RANDOM_FAILURE_RATE = 0.04

/** Notes about idempotency keys; many campaigns' worth. */
const MAX_KEYS = 10_000

/**
 * An ad platform as people know them: a quota per ad account, and failures that go away on the next try. A video's first
 * call fails (it is still transcoding). A carousel's first call creates the ad, but its answer is lost on the way.
 */
export function createAdPlatform(world: World): AdPlatform {
  const quota = createQuota({ ...QUOTA, now: world.now })
  const tries = new RecentMap<number>(MAX_KEYS)
  const created = new RecentMap<string>(MAX_KEYS)

  return {
    async create(request) {
      const allowance = quota.take(request.account)
      if (!allowance.isGranted) {
        return { kind: 'rateLimited', account: request.account, retryAfterSeconds: allowance.retryAfterSeconds }
      }
      const nth = (tries.get(request.idempotencyKey) ?? 0) + 1
      tries.set(request.idempotencyKey, nth)
      await world.sleep(300 + world.random() * 400, request.signal)
      const failure = failureOf(request, nth, world.random())
      if (failure && !failure.isCreated) return failed(failure)
      const id = created.get(request.idempotencyKey) ?? objectId(request)
      created.set(request.idempotencyKey, id)
      return failure ? failed(failure) : { kind: 'created', id }
    },
  }
}

interface Failure {
  readonly status: number
  readonly message: string
  readonly isCreated: boolean
}

function failureOf(request: PlatformRequest, nth: number, dice: number): Failure | undefined {
  if (nth === 1 && request.format === 'video') {
    return { status: 500, message: 'the video is still being transcoded', isCreated: false }
  }
  if (nth === 1 && request.format === 'carousel') {
    return { status: 502, message: 'the upstream connection closed before an answer', isCreated: true }
  }
  return dice < RANDOM_FAILURE_RATE ? { status: 503, message: 'please try again later', isCreated: false } : undefined
}

function failed(failure: Failure): PlatformAnswer {
  return { kind: 'failed', status: failure.status, message: failure.message }
}

/** Fifteen digits that start with 120, as such ids look; derived from the key, so that a run can be repeated. */
function objectId(request: PlatformRequest): string {
  const digits = (salt: string) => String(fingerprint(salt + request.kind + request.idempotencyKey) % 1_000_000)
  return `120${digits('a').padStart(6, '0')}${digits('b').padStart(6, '0')}`
}

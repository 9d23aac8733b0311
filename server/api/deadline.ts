import { CrewError } from '../core/errors.ts'
import type { ApiInstance, Every } from './api-deps.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Touches as many tasks as there are, or is a stream: takes as long as it takes. */
    isLong?: boolean
  }
}

/** Of routes that do so. */
export const long = { isLong: true } as const

/**
 * A caller gets an answer within 3 s, however slow a storage behind a network is. One call to it ends within 2 s by itself;
 * several in a row that each take a little less are what this is for.
 */
const DEADLINE_MS = 2800

/** Refuses what is not done in time. It may still happen, as after any `storage_unavailable`. */
export function registerDeadline(app: ApiInstance, every: Every): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/v1/') || route.config?.isLong === true) return
    const { handler } = route
    route.handler = function (request, reply) {
      // An answer that is just being kept is not taken back.
      const isAnswering = () => request.keyedRun?.isAnswering === true
      return inTime(every, isAnswering, async () => handler.call(this, request, reply))
    }
  })
}

function inTime(every: Every, isAnswering: () => boolean, work: () => Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = every(DEADLINE_MS, () => {
      stop()
      if (isAnswering()) return
      reject(
        new CrewError('storage_unavailable', 'The storage is slow, and this took too long: try again in a moment.'),
      )
    })
    // What comes after the refusal changes nothing any more.
    work().then(resolve, reject).finally(stop)
  })
}

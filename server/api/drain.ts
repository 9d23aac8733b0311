import type { Timers } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { ApiInstance } from './api-deps.ts'
import { isUpgrade } from './upgrades.ts'

/** Requests take milliseconds; one that takes longer is stuck, and the server ends without it. */
const MAX_WAIT_MS = 1_000

export interface DrainOptions {
  readonly timers: Timers
  /** Ends what never ends by itself. */
  readonly endStreams: () => void
}

/**
 * Lets requests under way finish before the server closes, and refuses new ones meanwhile: whoever changed something
 * should hear that it was done.
 */
export function registerDrain(app: ApiInstance, { timers, endStreams }: DrainOptions): void {
  let underWay = 0
  let isClosing = false
  let onQuiet = () => {}
  const onEnd = (): void => {
    if (--underWay === 0) onQuiet()
  }
  app.addHook('onRequest', ({ raw }, reply, done) => {
    // Nobody else would close it, and the server waits for it.
    if (isClosing && isUpgrade(raw)) raw.socket.destroy()
    if (isClosing) throw new CrewError('shutting_down', 'The server is shutting down: try again in a moment.')
    // An upgraded connection has no end that is heard of here.
    if (!isUpgrade(raw)) {
      underWay++
      // Not the hook onResponse: it is silent when the client goes away.
      reply.raw.once('close', onEnd)
    }
    done()
  })
  app.addHook('preClose', async () => {
    isClosing = true
    endStreams()
    if (underWay > 0) await quiet(timers, (resolve) => (onQuiet = resolve))
  })
}

function quiet(timers: Timers, whenQuiet: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(MAX_WAIT_MS, resolve)
    whenQuiet(() => {
      cancel()
      resolve()
    })
  })
}

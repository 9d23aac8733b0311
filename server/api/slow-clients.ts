import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { ApiInstance, Every } from './api-deps.ts'
import { isUpgrade } from './upgrades.ts'

/** How long a client may take to send its request: 10 MiB on a slow line. */
export const REQUEST_TIMEOUT_MS = 60_000
/** How long it may take to read an answer that is there: the largest list on a slow line. */
export const ANSWER_TIMEOUT_MS = 300_000
/** Looked at together: a timer each would be felt at 20,000 requests a second. */
export const LOOK_MS = 5_000

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly beganAt: number
  /** When its answer was first seen to be whole; null: it is not. */
  answeredAt: number | null
  /** Nothing more is sent for it; its body may still come, when it was answered before that was read. */
  isAnswered: boolean
}

/**
 * Closes connections whose client trickles its request, or does not read its answer, which is kept in memory meanwhile (PROOF S21).
 * A `requestTimeout` does neither on Bun 1.4.5: a body that never ends kept its connection for as long as anybody looked.
 */
export function registerSlowClients(app: ApiInstance, { clock, every }: { clock: Clock; every: Every }): void {
  const underWay = new Set<Exchange>()
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, method } = request
    // A websocket: whoever it is for watches over it.
    if (isUpgrade(raw) && method === 'GET') return done()
    const exchange = { request, reply, beganAt: clock.now(), answeredAt: null, isAnswered: false }
    const end = (): void => {
      exchange.isAnswered = true
      if (isOver(exchange)) underWay.delete(exchange)
    }
    underWay.add(exchange)
    // The end of what asked for an upgrade is told by its socket alone.
    if (isUpgrade(raw)) raw.socket.once('close', end)
    else reply.raw.once('close', end)
    done()
  })
  const stop = every(LOOK_MS, () => {
    const now = clock.now()
    for (const exchange of underWay) {
      if (isOver(exchange)) underWay.delete(exchange)
      else if (isTooSlow(exchange, now)) cutOff(exchange.request)
    }
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isTls(request) && !hasAll(request)) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onClose', async () => stop())
}

/**
 * Where a request was answered before it was whole, `destroy` says that it closed and leaves the connection open (Bun 1.4.5), so it is reset.
 * TLS cannot be reset there: such an answer closes its connection at once.
 */
function cutOff(request: FastifyRequest): void {
  const { socket } = request.raw
  if (isTls(request)) socket.destroy()
  else socket.resetAndDestroy()
}

const isTls = ({ protocol }: FastifyRequest): boolean => protocol === 'https'

const isOver = ({ request, isAnswered }: Exchange): boolean =>
  isAnswered && (hasAll(request) || request.raw.socket.destroyed)

/** What was injected without a network has no say in this, and is whole. */
const hasAll = ({ raw }: FastifyRequest): boolean => raw.complete !== false

function isTooSlow(exchange: Exchange, now: number): boolean {
  const { request, reply, beganAt } = exchange
  if (!hasAll(request)) return now - beganAt >= REQUEST_TIMEOUT_MS
  if (!reply.raw.writableEnded) return false
  exchange.answeredAt ??= now
  return now - exchange.answeredAt >= ANSWER_TIMEOUT_MS
}

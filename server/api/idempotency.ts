import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { CrewError } from '../core/errors.ts'
import { type KeptAnswer, MAX_KEY_LENGTH, parseIdempotencyKey } from '../core/idempotency.ts'
import { answerNotKept } from '../services/keyed-request.ts'
import type { WorkerContext } from '../services/worker-context.ts'
import type { ApiDeps, ApiInstance, Every } from './api-deps.ts'
import { hashOf, idOf } from './idempotency-digests.ts'
import { KeyLedger } from './idempotency-ledger.ts'
import { doneRun, type KeyedRun, type SentAnswer } from './idempotency-run.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What is special about a request with a key. `findable`: asked for again it finds what it created, so that an answer that is too large
     * to be kept is made again. `secretAnswer`: what it answers is never stored. `secretBody`: nor is a digest that could be guessed from.
     */
    keyed?: 'findable' | 'secretAnswer' | 'secretBody'
  }
  interface FastifyRequest {
    /** The run of a request with a key; null of one without, or whose answer is given again. */
    keyedRun: KeyedRun | null
    /** Its answer is on its way, or gone. */
    wasAnswered: boolean
  }
}

/** What routes say that create tasks or groups, or may be repeated anyway. */
export const findable = { keyed: 'findable' } as const
export const secretAnswer = { keyed: 'secretAnswer' } as const
export const secretBody = { keyed: 'secretBody' } as const

/**
 * The routes that take an `Idempotency-Key` (WIRE section 2). Not those without a login: nobody could be told from anybody. The callbacks
 * of attempts are safe to repeat by their token, and workers may send the header along that they were sent.
 */
export const takesKey = (method: string, url: string): boolean =>
  method === 'POST' && url.startsWith('/api/v1/') && !url.startsWith('/api/v1/attempt/')

/** When the storage is slower than this the answer goes out before it is kept: within 3 s, as without a key. */
const KEEP_WAIT_MS = 200

/**
 * Gives every POST of the API its `Idempotency-Key` (I13), and answers the services as the routes must see them: within a request with a
 * key, new ids are those of the key. Stands before the deadline, which bounds it too. A request without a key costs one look at its headers.
 */
export function registerIdempotency(app: ApiInstance, { services, clock, every }: ApiDeps): WorkerContext {
  const runs = new AsyncLocalStorage<KeyedRun>()
  const ledger = new KeyLedger({ storage: services.storage, clock, every, server: services.newId() })
  app.decorateRequest('keyedRun', null)
  app.decorateRequest('wasAnswered', false)
  app.addHook('onRoute', (route) => {
    if (!takesKey(String(route.method), route.url) || route.config?.isOpen) return
    const { handler } = route
    route.handler = function (request, reply) {
      const header = request.headers['idempotency-key']
      if (header === undefined) return handler.call(this, request, reply)
      const work = (run: KeyedRun) => runs.run(run, async () => handler.call(this, request, reply))
      return answerOnce(ledger, { request, reply, key: keyIn(header), work })
    }
    route.onSend = [route.onSend ?? [], keeper(every)].flat()
  })
  const keyed = (): KeyedRun | undefined => {
    const run = runs.getStore()
    return run?.isOver ? undefined : run
  }
  return { ...services, keyed, newId: () => keyed()?.newId() ?? services.newId() }
}

function keyIn(header: string | string[]): string {
  const key = parseIdempotencyKey(String(header))
  if (key !== null) return key
  const detail = `expected 1 to ${MAX_KEY_LENGTH} printable ASCII characters, bare or in double quotes`
  throw new CrewError('invalid_idempotency_key', `Idempotency-Key: ${detail}.`)
}

interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly key: string
  readonly work: (run: KeyedRun) => Promise<unknown>
}

async function answerOnce(ledger: KeyLedger, { request, reply, key, work }: Asked): Promise<unknown> {
  const id = idOf(request, key)
  const begun = await ledger.begin(id, await hashOf(request, id))
  // Refused for want of time meanwhile: nobody waits any more, and nothing was done yet.
  if (request.wasAnswered) {
    if (begun.kind === 'run') begun.run.drop()
    return reply
  }
  if (begun.kind === 'answered' && begun.answer.body !== null) return giveAgain(request, reply, begun.answer)
  const run = begun.kind === 'answered' ? findAgain(request, reply, doneRun(id, begun.at)) : begun.run
  request.keyedRun = run
  try {
    return await work(run)
  } finally {
    run.workEnded()
  }
}

const REPLAYED = 'idempotency-replayed'

function giveAgain(request: FastifyRequest, reply: FastifyReply, { status, type, body }: KeptAnswer): FastifyReply {
  request.activity = { isTrial: true }
  return reply.code(status).type(type).header(REPLAYED, 'true').send(body)
}

function findAgain(request: FastifyRequest, reply: FastifyReply, run: KeyedRun): KeyedRun {
  const { keyed } = request.routeOptions.config
  if (keyed !== 'findable')
    throw answerNotKept(keyed === 'secretAnswer' ? 'Its answer held a secret, told once' : 'Its answer was too large')
  request.activity = { isTrial: true }
  reply.header(REPLAYED, 'true')
  return run
}

type OnSend = Extract<NonNullable<RouteOptions['onSend']>, (...args: never[]) => unknown>

/** Keeps the answer before it is sent, so that whoever has it can ask again. */
const keeper = (every: Every): OnSend =>
  function keepAnswer(request, reply, payload, done) {
    const { keyedRun: run } = request
    request.wasAnswered = true
    if (run === null) return done(null, payload)
    const isSecret = request.routeOptions.config.keyed === 'secretAnswer'
    const kept = run.keep(sentAnswer(reply, payload, isSecret))
    Promise.race([kept, passing(every, KEEP_WAIT_MS, kept)]).then(() => done(null, payload))
  }

/** All answers of these routes are texts. */
const sentAnswer = (reply: FastifyReply, payload: unknown, isSecret: boolean): SentAnswer => ({
  status: reply.statusCode,
  type: String(reply.getHeader('content-type')),
  body: String(payload),
  isSecret,
})

/** Resolves after that time, and looks no further when the work is done. */
function passing(every: Every, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stop = every(ms, () => {
      stop()
      resolve()
    })
    work.finally(stop)
  })
}

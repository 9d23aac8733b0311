import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { ServiceContext } from '../services/service-context.ts'
import type { Authenticator } from './authenticator.ts'

/** Whether the server can do its work, and what to tell whoever asks (`/readyz`). */
export interface Readiness {
  readonly ready: boolean
  readonly detail: unknown
}

/** What the API writes to the log: pino has these. */
export interface ApiLogger {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Calls again and again; answers how to stop it. Passed in so that tests move time. */
export type Every = (ms: number, run: () => void) => () => void

/** Everything the API needs from outside. */
export interface ApiDeps {
  readonly services: ServiceContext
  readonly auth: Authenticator
  readonly clock: Clock
  readonly maxBodyBytes: number
  readonly version: string
  readonly logger?: ApiLogger | false | undefined
  readonly readiness: () => Promise<Readiness>
  /** Prometheus text. */
  readonly metrics: () => string
  /** The demo workers, when they are on: answered at `/demo/*`, without login. */
  readonly demo?: ((request: Request) => Promise<Response>) | undefined
  readonly every?: Every | undefined
}

/** A Fastify whose routes take their types from TypeBox schemas. */
export type ApiInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

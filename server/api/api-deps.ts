import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyServerFactory, RawServerDefault } from 'fastify'
import type { Calendar } from '../core/calendar.ts'
import type { Clock, Timers } from '../core/clock.ts'
import type { IpRange } from '../core/ip-address.ts'
import type { RequestRate } from '../core/request-rate.ts'
import type { CleaningReport } from '../core/retention.ts'
import type { WorkerContext } from '../services/worker-context.ts'
import type { Authenticator } from './authenticator.ts'
import type { RequestMeter } from './request-meter.ts'
import type { UiFiles } from './ui-files.ts'

/** Whether the server can do its work, and what to tell whoever asks (`/readyz`). */
export interface Readiness {
  readonly ready: boolean
  readonly detail: unknown
}

/** What only the process knows of itself. */
export interface ProcessFacts {
  readonly startedAt: number
  readonly retention: RetentionFacts
}

/** After how many days groups are deleted that ended so, and above which size of the storage before that; null: never. */
export interface RetentionFacts {
  readonly finishedGroupDays: number | null
  readonly failedGroupDays: number | null
  readonly aboveBytes: number | null
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
  readonly services: WorkerContext
  readonly auth: Authenticator
  readonly clock: Clock
  readonly calendar: Calendar
  readonly maxBodyBytes: number
  readonly version: string
  readonly logger?: ApiLogger | false | undefined
  readonly readiness: () => Promise<Readiness>
  /** Without it what it says is not known: `startedAt` is when the API was built. */
  readonly process?: ProcessFacts | undefined
  /** Deletes groups that ended long ago; a trial changes nothing. */
  readonly clean: (options: { readonly isTrial: boolean }) => Promise<CleaningReport>
  /** Prometheus text. */
  readonly metrics: () => string | Promise<string>
  /** Counts requests; without one they are not counted. */
  readonly requestMeter?: RequestMeter | undefined
  /** The demo workers, when they are on: answered at `/demo/*`, without login. */
  readonly demo?: ((request: Request) => Promise<Response>) | undefined
  /** The web UI; without it `/` says how to build it. */
  readonly ui?: UiFiles | null | undefined
  /** The path that browsers see Crew at, with a slash at both ends; `/` when left out. */
  readonly basePath?: string | undefined
  /** Proxies that are believed who it is that logs in; none when left out. */
  readonly trustedProxies?: readonly IpRange[] | undefined
  readonly every: Every
  readonly timers: Timers
  /** How often each caller may ask; without it, as often as he likes. */
  readonly rateLimit?: RequestRate | null | undefined
  /** Makes what it listens by; without it, plain HTTP without a limit of connections. */
  readonly serverFactory?: FastifyServerFactory | undefined
}

/** A Fastify whose routes take their types from TypeBox schemas. */
export type ApiInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

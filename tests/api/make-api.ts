import { randomBytes } from 'node:crypto'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import { type AuthMode, createAuthenticator } from '../../server/api/authenticator.ts'
import { type ApiDeps, buildApp } from '../../server/api/build-app.ts'
import { calendar } from '../../server/calendar.ts'
import { clean } from '../../server/controller/retention.ts'
import type { OutsideDesk, WorkerContext } from '../../server/services/worker-context.ts'
import { systemTimers } from '../../server/system-clock.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts'
import { type DirectoryOptions, type DirectoryWorld, makeDirectory } from '../support/worker-directory.ts'

/** What a request needs beyond its address. */
export interface Call {
  readonly body?: unknown
  /** Sent as it is, as application/json. */
  readonly raw?: string | Uint8Array
  readonly headers?: Record<string, string>
}

/** The API over a store in memory, with a clock, timers and chance that tests move. */
export interface Api {
  readonly app: FastifyInstance
  readonly storage: TaskStorage
  readonly services: WorkerContext
  readonly workers: DirectoryWorld
  readonly clock: SimulatedClock
  /** Everything that was logged. */
  readonly log: { readonly fields: object; readonly message: string }[]
  /** Runs what waits for its interval, or only what waits for one of these milliseconds. */
  tick(ms?: number): void
  call(method: string, url: string, call?: Call): Promise<LightMyRequestResponse>
  /** The parsed answer of a call that must succeed. */
  json(method: string, url: string, body?: unknown): Promise<Json>
  /** Starts listening; answers where. */
  listen(): Promise<string>
  fingerprint(): Promise<string>
}

/** Parsed JSON, to be looked into by tests. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert on what they read
export type Json = any

export const TOKEN = 'test-token-of-a-program'

export interface ApiOptions extends Partial<Omit<ApiDeps, 'auth' | 'services' | 'clock' | 'every' | 'logger'>> {
  readonly auth?: AuthMode
  readonly workers?: DirectoryOptions
  readonly outside?: OutsideDesk
  /** What its ids begin with; another for each of several servers. */
  readonly ids?: string
  /** One that others look at too. */
  readonly clock?: SimulatedClock
  /** Called, and waited for, before each password is hashed or checked. */
  readonly onHash?: () => Promise<void> | void
  /** Stands before the storage. */
  readonly wrap?: (storage: TaskStorage) => TaskStorage
}

/** A world of its own for one test, taken down when it ends. */
export async function makeApi(options: ApiOptions = {}): Promise<Api> {
  const clock = options.clock ?? simulatedClock()
  const opened = await openSqliteStorage({ path: ':memory:', clock })
  const storage = options.wrap?.(opened) ?? opened
  let ids = 0
  const workers = makeDirectory({ storage, clock }, options.workers)
  const services: WorkerContext = {
    storage,
    clock,
    random: () => 0.5,
    newId: () => `${options.ids ?? 'id'}-${++ids}`,
    workers: { hasAddress: () => true, slotsOf: () => ({ inFlight: 0, limit: 20 }) },
    directory: workers.directory,
    settingsTurns: workers.settingsTurns,
    outside: options.outside ?? nobodyOutside,
  }
  const log: { fields: object; message: string }[] = []
  const repeated = new Map<() => void, number>()
  const { auth, onHash, wrap: _wrap, workers: _workers, outside: _outside, ids: _ids, clock: _clock, ...deps } = options
  const app = await buildApp({
    services,
    clock,
    calendar,
    auth: makeAuthenticator(
      { storage, clock, onHash },
      auth ?? { kind: 'on', username: 'admin', password: 'secret', token: TOKEN },
    ),
    maxBodyBytes: 10 * 1024 * 1024,
    version: '1.2.3',
    readiness: async () => ({ ready: true, detail: { storage: 'memory' } }),
    clean: ({ isTrial }) => clean({ storage, clock, logger: silent }, { retention: RETENTION, isTrial }),
    metrics: () => 'crew_up 1\n',
    logger: {
      error: (fields, message) => log.push({ fields, message }),
      warn: (fields, message) => log.push({ fields, message }),
    },
    timers: systemTimers,
    every: (ms, run) => {
      repeated.set(run, ms)
      return () => repeated.delete(run)
    },
    ...deps,
  })
  onTestFinished(async () => {
    await app.close()
    await opened.close()
  })
  return {
    app,
    storage,
    services,
    workers,
    clock,
    log,
    tick: (wanted) => {
      for (const [run, ms] of repeated) if (wanted === undefined || wanted === ms) run()
    },
    call: (method, url, call = {}) => inject(app, method, url, call),
    json: async (method, url, body) => {
      const answer = await inject(app, method, url, body === undefined ? {} : { body })
      expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([200, ''])
      return answer.json()
    },
    listen: () => app.listen({ host: '127.0.0.1', port: 0 }),
    fingerprint: async () => (await storage.audit()).fingerprint,
  }
}

const DAY_MS = 86_400_000
const RETENTION = { keepMs: 7 * DAY_MS, keepFailedMs: 30 * DAY_MS, maxBytes: null }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** The storage, but this method rejects. */
export function withFailing(method: keyof TaskStorage, error: Error): (storage: TaskStorage) => TaskStorage {
  return (storage) =>
    new Proxy(storage, {
      get(target, name) {
        if (name === method) return () => Promise.reject(error)
        const member = target[name as keyof TaskStorage]
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
}

/** Hashes that cost nothing: what is tested is who may log in, not argon2. */
export function makeAuthenticator(world: AuthWorld, mode: AuthMode) {
  const { storage, clock, onHash } = world
  return createAuthenticator({
    storage,
    clock,
    mode,
    randomBytes,
    hashPassword: async (password) => {
      await onHash?.()
      return `hash of ${password}`
    },
    verifyPassword: async (password, hash) => {
      await onHash?.()
      return hash === `hash of ${password}`
    },
  })
}

interface AuthWorld {
  readonly storage: TaskStorage
  readonly clock: SimulatedClock
  readonly onHash?: ApiOptions['onHash']
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS'

function inject(app: FastifyInstance, method: string, url: string, call: Call): Promise<LightMyRequestResponse> {
  const isJson = call.body !== undefined || call.raw !== undefined
  const payload = call.raw === undefined ? JSON.stringify(call.body) : Buffer.from(call.raw as string)
  return app.inject({
    method: method as Method,
    url,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(isJson && { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(isJson && { payload }),
  })
}

/** Checks that an answer is a problem of this status and code (RFC 9457), and answers it. */
export function expectProblem(answer: LightMyRequestResponse, status: number, code: string): Json {
  const problem = answer.json()
  expect({ status: answer.statusCode, type: answer.headers['content-type'], code: problem.code }).toEqual({
    status,
    type: 'application/problem+json; charset=utf-8',
    code,
  })
  expect(problem).toMatchObject({ type: `/docs/errors#${code}`, status })
  expect(Object.keys(problem).filter((key) => key !== 'errors')).toEqual([
    'type',
    'title',
    'status',
    'detail',
    'instance',
    'code',
  ])
  expect(problem.detail).not.toMatch(/node_modules|\.ts:|\/work\/|at Object/)
  return problem
}

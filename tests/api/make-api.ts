import { randomBytes } from 'node:crypto'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { expect, onTestFinished } from 'vitest'
import { type AuthMode, createAuthenticator } from '../../server/api/authenticator.ts'
import { type ApiDeps, buildApp } from '../../server/api/build-app.ts'
import type { ServiceContext } from '../../server/services/service-context.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts'

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
  readonly services: ServiceContext
  readonly clock: SimulatedClock
  /** Everything that was logged. */
  readonly log: { readonly fields: object; readonly message: string }[]
  /** Runs what waits for its interval. */
  tick(): void
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
  /** Stands before the storage. */
  readonly wrap?: (storage: TaskStorage) => TaskStorage
}

/** A world of its own for one test, taken down when it ends. */
export async function makeApi(options: ApiOptions = {}): Promise<Api> {
  const clock = simulatedClock()
  const opened = await openSqliteStorage({ path: ':memory:', clock })
  const storage = options.wrap?.(opened) ?? opened
  let ids = 0
  const services: ServiceContext = {
    storage,
    clock,
    random: () => 0.5,
    newId: () => `id-${++ids}`,
    workers: { hasAddress: () => true, slotsOf: () => ({ inFlight: 0, limit: 20 }) },
  }
  const log: { fields: object; message: string }[] = []
  const timers = new Set<() => void>()
  const { auth, wrap: _wrap, ...deps } = options
  const app = await buildApp({
    services,
    clock,
    auth: makeAuthenticator(
      { storage, clock },
      auth ?? { kind: 'on', username: 'admin', password: 'secret', token: TOKEN },
    ),
    maxBodyBytes: 10 * 1024 * 1024,
    version: '1.2.3',
    readiness: async () => ({ ready: true, detail: { storage: 'memory' } }),
    metrics: () => 'crew_up 1\n',
    logger: {
      error: (fields, message) => log.push({ fields, message }),
      warn: (fields, message) => log.push({ fields, message }),
    },
    every: (_ms, run) => {
      timers.add(run)
      return () => timers.delete(run)
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
    clock,
    log,
    tick: () => {
      for (const run of timers) run()
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
export function makeAuthenticator(world: { storage: TaskStorage; clock: SimulatedClock }, mode: AuthMode) {
  return createAuthenticator({
    ...world,
    mode,
    randomBytes,
    hashPassword: async (password) => `hash of ${password}`,
    verifyPassword: async (password, hash) => hash === `hash of ${password}`,
  })
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

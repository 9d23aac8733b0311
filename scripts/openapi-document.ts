import type { ApiDeps } from '../server/api/api-deps.ts'
import { createAuthenticator } from '../server/api/authenticator.ts'
import { buildApp } from '../server/api/build-app.ts'
import { calendar } from '../server/calendar.ts'
import { systemEvery, systemTimers } from '../server/system-clock.ts'
import { openSqliteStorage } from '../storage/sqlite/sqlite-storage.ts'

/** The OpenAPI document that every server of this source serves, as text. */
export async function readOpenApi(): Promise<string> {
  const clock = { now: () => 0 }
  const storage = await openSqliteStorage({ path: ':memory:', clock })
  const unused = async (): Promise<never> => Promise.reject(new Error('nobody logs in here'))
  const app = await buildApp({
    // Only the document is asked for: no use case runs.
    services: { storage, clock, random: () => 0, newId: () => 'id' } as unknown as ApiDeps['services'],
    auth: createAuthenticator({
      storage,
      clock,
      mode: { kind: 'off' },
      randomBytes: (size) => new Uint8Array(size),
      hashPassword: unused,
      verifyPassword: unused,
    }),
    clock,
    timers: systemTimers,
    every: systemEvery,
    calendar,
    maxBodyBytes: 1024,
    version: '0',
    readiness: async () => ({ ready: true, detail: null }),
    clean: unused,
    metrics: () => '',
  })
  const { body } = await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })
  await app.close()
  await storage.close()
  return body
}

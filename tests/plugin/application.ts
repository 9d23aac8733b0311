import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { onTestFinished } from 'vitest'
import { crewPlugin } from '../../server/plugin/crew-plugin.ts'
import type { CrewPluginOptions } from '../../server/plugin/options.ts'

/** An application with Crew in it, that listens. */
export interface Application {
  readonly app: FastifyInstance
  readonly url: string
  fetch(path: string, init?: RequestInit & { body?: string }): Promise<Response>
  /** The parsed answer of a call that must succeed. */
  json(path: string, body?: unknown): Promise<Json>
}

/** Parsed JSON, to be looked into by tests. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert on what they read
export type Json = any

/** Everybody is whom the header `x-user` names, and what `x-role` says. */
export const byHeaders = ({ headers }: FastifyRequest) =>
  headers['x-user'] ? { name: String(headers['x-user']), role: (headers['x-role'] ?? 'admin') as 'admin' } : null

export const ann = { 'x-user': 'ann' }

/** Makes one; `prepare` is what the application has before Crew. It is closed when the test ends. */
export async function makeApplication(
  options: CrewPluginOptions = {},
  prepare: (app: FastifyInstance) => unknown = () => {},
  fastify: FastifyServerOptions = {},
): Promise<Application> {
  const app = Fastify(fastify)
  onTestFinished(() => app.close())
  await prepare(app)
  await app.register(crewPlugin, { prefix: '/crew', storage: 'memory', authenticate: byHeaders, ...options })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const call: Application['fetch'] = (path, init = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { ...ann, ...(init.headers as Record<string, string>) } })
  return {
    app,
    url,
    fetch: call,
    json: async (path, body) => {
      const answer = await call(path, body === undefined ? {} : post(body))
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
      return answer.json()
    },
  }
}

export const post = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

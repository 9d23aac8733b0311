import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HostRequests } from './authenticate.ts'
import { headOf, routeUpgrades } from './upgrades.ts'

/**
 * Hands what comes below the plugin's prefix to Crew's own Fastify, which is the one of the standalone server: parsers, validators, hooks
 * and error handlers of the two never meet. The application's hooks run before, up to the handler; its `onSend` hooks see nothing.
 */
export function mount(app: FastifyInstance, inner: FastifyInstance, requests: HostRequests): void {
  const routes = {
    // Not in the application's document: Crew has its own.
    schema: { hide: true },
    // No line a request, as in the standalone server: an address may hold the token of crew-go's websocket.
    logLevel: 'warn' as const,
    preHandler: takeUpgrade,
    handler: handOver,
  }
  app.removeAllContentTypeParsers()
  // The body stays unread: it is for the other one.
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.all('/', routes)
  app.all('/*', routes)
  routeUpgrades(app, app.prefix)

  function handOver(request: FastifyRequest, reply: FastifyReply): void {
    requests.set(request.raw, request)
    // What the application's hooks have set, as CORS does; Crew's own headers win.
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value) reply.raw.setHeader(name, value)
    reply.hijack()
    inner.routing(request.raw, reply.raw)
  }

  /** Not in the handler, as @fastify/websocket has put its own before every handler of the application, and would answer. */
  function takeUpgrade(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { raw } = request
    const head = headOf(raw)
    if (head === undefined) {
      done()
      return
    }
    reply.hijack()
    // Two listeners may have routed it.
    if (requests.has(raw)) return
    requests.set(raw, request)
    reply.raw.detachSocket(raw.socket)
    inner.server.emit('upgrade', raw, raw.socket, head)
  }
}

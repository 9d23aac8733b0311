import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** What came behind the headers of requests that ask for a websocket. */
const heads = new WeakMap<IncomingMessage, Buffer>()
/** The paths of every Crew of a server: they share one listener. */
const pathsOf = new WeakMap<Server, Set<string>>()

/** What came behind the headers; undefined of a request that asks for no upgrade. */
export const headOf = (raw: IncomingMessage): Buffer | undefined => heads.get(raw)

/**
 * Sends requests for a websocket through the application's router, as @fastify/websocket does, so that its hooks see them too. Where the
 * application has that plugin, it does so itself. What is not below a path of ours is for the other listeners; without any, Node takes
 * our listening for a promise to answer everybody, so these go through the router as well.
 */
export function routeUpgrades(app: FastifyInstance, path: string): void {
  const { server } = app
  const paths = pathsOf.get(server)
  if (paths) {
    paths.add(path)
    return
  }
  const ours = new Set([path])
  pathsOf.set(server, ours)
  // First, as another listener may be the one that routes it, and at once.
  server.prependListener('upgrade', (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    heads.set(raw, head)
    const isOurs = [...ours].some((each) => isBelow(each, raw.url ?? ''))
    if (app.hasDecorator('websocketServer') || (!isOurs && server.listenerCount('upgrade') > 1)) return
    route(app, raw, socket)
  })
}

const isBelow = (path: string, url: string): boolean => `${url.split('?', 1)[0]}/`.startsWith(`${path}/`)

function route(app: FastifyInstance, raw: IncomingMessage, socket: Duplex): void {
  // Node has taken its own listener away.
  socket.on('error', () => socket.destroy())
  const response = new ServerResponse(raw)
  // Nobody reads a second request from a connection that was to be something else.
  response.shouldKeepAlive = false
  response.assignSocket(socket as never)
  response.once('finish', () => socket.end())
  app.routing(raw, response)
}

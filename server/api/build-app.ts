import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { viewGroup, viewTasks } from '../services/task-views.ts'
import type { ApiDeps, ApiInstance } from './api-deps.ts'
import { requireLogin } from './auth/require-login.ts'
import { registerDeadline } from './deadline.ts'
import { registerDrain } from './drain.ts'
import { EventHub, everyMs } from './event-hub.ts'
import { registerJsonBody } from './json-body.ts'
import { registerKnownPaths } from './known-paths.ts'
import { GroupFeed } from './live/group-feed.ts'
import { registerOpenApi } from './openapi.ts'
import { groupJson } from './present/group-json.ts'
import { createErrorHandler } from './problem.ts'
import { demoRoutes } from './routes/demo.ts'
import { docsRoutes } from './routes/docs.ts'
import { eventRoutes } from './routes/events.ts'
import { groupActionRoutes } from './routes/group-actions.ts'
import { groupTaskRoutes } from './routes/group-tasks.ts'
import { groupRoutes } from './routes/groups.ts'
import { homeRoutes } from './routes/home.ts'
import { loginRoutes } from './routes/login.ts'
import { processRoutes } from './routes/process.ts'
import { streamRoutes } from './routes/stream.ts'
import { taskInsightRoutes } from './routes/task-insight.ts'
import { taskRoutes } from './routes/tasks.ts'
import { workgroupRoutes } from './routes/workgroups.ts'
import { registerSchemas } from './schemas/catalogue.ts'
import { apiHeaders, setSecurityHeaders } from './security-headers.ts'
import { compileValidator } from './validation.ts'

export type { ApiDeps, ApiLogger, Every, Readiness } from './api-deps.ts'

/** The websocket is for listening: what clients send is ignored, so it need not be long. */
const MAX_CLIENT_FRAME = 1024
/** A workgroup's name of 256 letters, each percent-encoded as up to twelve characters. */
const MAX_PARAM_LENGTH = 3072
/** How long a client may take to send its request: 10 MiB on a slow line. */
const REQUEST_TIMEOUT_MS = 60_000

/** The whole HTTP side of Crew, ready to listen or to be injected into. */
export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const app = createApp(deps)
  const live = createLive(deps)
  registerKnownPaths(app)
  registerDrain(app, () => live.hub.close())
  // An engine in this process is as busy as the process is, and a refusal would not make it faster.
  if (deps.services.storage.feed) registerDeadline(app, deps.every ?? everyMs)
  app.addHook('onRequest', setSecurityHeaders)
  app.addHook('onRequest', requireLogin(deps.auth))
  registerJsonBody(app, deps.maxBodyBytes)
  registerSchemas(app)
  await registerOpenApi(app, deps.version)
  await app.register(websocket, { options: { maxPayload: MAX_CLIENT_FRAME } })
  registerRoutes(app, deps, live)
  await app.ready()
  return app as unknown as FastifyInstance
}

/** No log of its own: a line a request halves the throughput, and its lines would hold the addresses of websockets. */
function createApp({ logger, maxBodyBytes, services }: ApiDeps): ApiInstance {
  const handleError = createErrorHandler(logger)
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    genReqId: requestIds(services.newId()),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) => handleError(error, request, reply.headers(apiHeaders)),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setErrorHandler(handleError)
  app.setValidatorCompiler(compileValidator)
  // Answers are sent as the JSON text they are; response schemas only document.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app
}

/** Unique over restarts, and cheaper than a UUID each. */
function requestIds(boot: string): () => string {
  let count = 0
  return () => `${boot}-${(++count).toString(36)}`
}

interface Live {
  readonly hub: EventHub
  readonly feed: GroupFeed
}

function createLive({ services, logger, every = everyMs }: ApiDeps): Live {
  const { storage } = services
  const hub = new EventHub({ storage, boot: services.newId().replaceAll('-', ''), every })
  const feed = new GroupFeed({
    readTasks: async (ids) => viewTasks(services, await storage.getTasks(ids)),
    readGroup: async (id) => {
      const group = await storage.getGroup(id)
      return group === null ? null : groupJson(viewGroup(services, group))
    },
    logger,
  })
  hub.addListener(feed)
  return { hub, feed }
}

function registerRoutes(app: ApiInstance, deps: ApiDeps, live: Live): void {
  homeRoutes(app, deps)
  docsRoutes(app)
  processRoutes(app, deps)
  loginRoutes(app, deps)
  groupRoutes(app, deps)
  groupActionRoutes(app, deps)
  groupTaskRoutes(app, deps)
  taskRoutes(app, deps)
  taskInsightRoutes(app, deps)
  workgroupRoutes(app, deps)
  eventRoutes(app, live.hub)
  streamRoutes(app, deps, live)
  demoRoutes(app, deps)
}

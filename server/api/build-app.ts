import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { upgradeOptions } from '../core/upgrade.ts'
import { ActivityLog } from '../services/activity.ts'
import { viewGroup, viewTasks } from '../services/task-views.ts'
import { registerActivity } from './activity-hook.ts'
import type { ApiDeps, ApiInstance, Every } from './api-deps.ts'
import { registerRoles, requireLogin } from './auth/require-login.ts'
import type { Authenticator } from './authenticator.ts'
import { registerBodyRoom } from './body-room.ts'
import { registerDeadline } from './deadline.ts'
import { registerDrain } from './drain.ts'
import { EventHub } from './event-hub.ts'
import { registerIdempotency } from './idempotency.ts'
import { registerJsonBody } from './json-body.ts'
import { registerKnownPaths } from './known-paths.ts'
import { GroupFeed } from './live/group-feed.ts'
import { LiveFeed } from './live/live-feed.ts'
import { registerOpenApi } from './openapi.ts'
import { groupJson } from './present/group-json.ts'
import { createErrorHandler } from './problem.ts'
import { registerRateLimit } from './rate-limit.ts'
import { registerRequestMeter } from './request-meter.ts'
import { activityRoutes } from './routes/activity.ts'
import { attemptRoutes } from './routes/attempts.ts'
import { bulkRoutes } from './routes/bulk.ts'
import { channelRoutes } from './routes/channels.ts'
import { demoRoutes } from './routes/demo.ts'
import { docsRoutes } from './routes/docs.ts'
import { errorRoutes } from './routes/errors.ts'
import { eventRoutes } from './routes/events.ts'
import { groupActionRoutes } from './routes/group-actions.ts'
import { groupInsightRoutes } from './routes/group-insight.ts'
import { groupTaskRoutes } from './routes/group-tasks.ts'
import { groupRoutes } from './routes/groups.ts'
import { liveRoutes } from './routes/live.ts'
import { loginRoutes } from './routes/login.ts'
import { notificationRoutes } from './routes/notifications.ts'
import { operatorRoutes } from './routes/operators.ts'
import { processRoutes } from './routes/process.ts'
import { scheduleRoutes } from './routes/schedules.ts'
import { streamRoutes } from './routes/stream.ts'
import { systemRoutes } from './routes/system.ts'
import { taskInsightRoutes } from './routes/task-insight.ts'
import { taskRoutes } from './routes/tasks.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { trafficRoutes } from './routes/traffic.ts'
import { indexSender, uiRoutes } from './routes/ui.ts'
import { userRoutes } from './routes/users.ts'
import { viewRoutes } from './routes/views.ts'
import { workerRoutes } from './routes/workers.ts'
import { workgroupRoutes } from './routes/workgroups.ts'
import { registerSchemas } from './schemas/catalogue.ts'
import { apiHeaders, setSecurityHeaders } from './security-headers.ts'
import { registerSlowClients } from './slow-clients.ts'
import { noteUpgrades } from './upgrades.ts'
import { compileValidator } from './validation.ts'
import { withEncodedWorker } from './worker-paths.ts'

export type { ApiDeps, ApiLogger, Every, Readiness } from './api-deps.ts'

/** The websockets are for listening: what clients send is a list of topics at most. */
const MAX_CLIENT_FRAME = 8 * 1024
/** A workgroup's name of 256 letters, each percent-encoded as up to twelve characters. */
const MAX_PARAM_LENGTH = 3072
/** Three of the largest at once, of which each takes several times as much when it is parsed. */
const LARGE_BODIES_BYTES = 32 * 1024 * 1024

/** The whole HTTP side of Crew, ready to listen or to be injected into. */
export async function buildApp(given: ApiDeps): Promise<FastifyInstance> {
  const app = createApp(given)
  noteUpgrades(app.server)
  const deps = { ...given, services: registerIdempotency(app, given) }
  const live = createLive(deps)
  meterRequests(app, deps, live)
  registerDrain(app, { timers: deps.timers, endStreams: () => live.hub.close() })
  registerSlowClients(app, { clock: deps.clock, every: deps.every })
  // Before any hook that refuses: what is refused is closed by this one, which must have seen it.
  await app.register(websocket, { options: { maxPayload: MAX_CLIENT_FRAME } })
  // An engine in this process is as busy as the process is, and a refusal would not make it faster.
  if (deps.services.storage.feed) registerDeadline(app, deps.every)
  app.addHook('onRequest', setSecurityHeaders)
  app.addHook('onRequest', requireLogin(deps.auth))
  registerKnownPaths(app, indexSender(deps))
  if (deps.rateLimit) registerRateLimit(app, { rate: deps.rateLimit, clock: deps.clock })
  registerBodyRoom(app, { bytes: Math.max(LARGE_BODIES_BYTES, deps.maxBodyBytes), every: deps.every })
  registerJsonBody(app, deps.maxBodyBytes)
  registerSchemas(app)
  registerRoles(app)
  const activity = createActivity(app, deps)
  await registerOpenApi(app, deps.version)
  registerRoutes(app, deps, live)
  activityRoutes(app, activity)
  await app.ready()
  return app as unknown as FastifyInstance
}

/** No log of its own: a line a request halves the throughput, and its lines would hold the addresses of websockets. */
function createApp({ logger, maxBodyBytes, services, basePath = '/', serverFactory }: ApiDeps): ApiInstance {
  const handleError = createErrorHandler(logger)
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    ...(serverFactory ? { serverFactory } : { http: upgradeOptions }),
    return503OnClosing: false,
    genReqId: requestIds(services.newId()),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: ({ method = '', url = '/' }) => withEncodedWorker(method, withoutBase(url, basePath)),
    frameworkErrors: (error, request, reply) => handleError(error, request, reply.headers(apiHeaders)),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setErrorHandler(handleError)
  app.setValidatorCompiler(compileValidator)
  // Answers are sent as the JSON text they are; response schemas only document.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app
}

/** Proxies differ: some strip the prefix that browsers see, some pass it on. Both are understood. */
const withoutBase = (url: string, basePath: string): string =>
  url.startsWith(basePath) ? `/${url.slice(basePath.length)}` : url

/** Unique over restarts, and cheaper than a UUID each. */
function requestIds(boot: string): () => string {
  let count = 0
  return () => `${boot}-${(++count).toString(36)}`
}

function meterRequests(app: ApiInstance, { requestMeter }: ApiDeps, { hub }: Live): void {
  if (!requestMeter) return
  requestMeter.setLiveClients(() => hub.size)
  registerRequestMeter(app, requestMeter)
}

interface Live {
  readonly hub: EventHub
  readonly feed: GroupFeed
  readonly tabs: LiveFeed
}

function createLive({ services, auth, clock, timers, logger, every }: ApiDeps): Live {
  const { storage } = services
  const hub = new EventHub({ storage, boot: services.newId().replaceAll('-', ''), every })
  const feed = new GroupFeed({
    readTasks: async (ids) => viewTasks(services, await storage.getTasks(ids)),
    readGroup: async (id) => {
      const group = await storage.getGroup(id)
      // One frame for all who listen, whatever they may.
      return group === null ? null : groupJson(viewGroup(services, group), 'viewer')
    },
    timers,
    logger,
  })
  const tabs = new LiveFeed({ log: hub.log, clock, every })
  for (const listener of [feed, tabs]) hub.addListener(listener)
  watchLogins({ auth, hub, every })
  return { hub, feed, tabs }
}

/** How long what was done waits for more, to be written with it. */
const WRITE_ACTIVITY_MS = 250

function createActivity(app: ApiInstance, { services, clock, logger, every }: ApiDeps): ActivityLog {
  const onLoss = (count: number): void => {
    if (logger) logger.warn({ count }, 'activity was lost: the storage took none of it')
  }
  const log = new ActivityLog({ storage: services.storage, onLoss })
  registerActivity(app, { log, clock, newId: services.newId })
  // A storage that does not answer is tried again: others have logged that it is away.
  const write = (): Promise<void> => log.flush().catch(() => {})
  const stop = every(WRITE_ACTIVITY_MS, () => void write())
  app.addHook('onClose', async () => {
    stop()
    await write()
  })
  return log
}

/** How soon a connection ends whose credential was revoked on another server. */
const LOOK_AT_LOGINS_MS = 1000

/** Listeners ask for nothing more, so somebody must look for them whether they still may. */
function watchLogins({ auth, hub, every }: { auth: Authenticator; hub: EventHub; every: Every }): void {
  auth.onChange(() => hub.checkSessions())
  const stop = every(LOOK_AT_LOGINS_MS, () => {
    // A storage that does not answer ends no session: the next look asks again.
    if (hub.size > 0) auth.refresh().catch(() => {})
  })
  hub.onClose(stop)
}

function registerRoutes(app: ApiInstance, deps: ApiDeps, live: Live): void {
  uiRoutes(app, deps)
  docsRoutes(app)
  processRoutes(app, deps)
  systemRoutes(app, deps)
  loginRoutes(app, deps)
  groupRoutes(app, deps)
  groupActionRoutes(app, deps)
  groupTaskRoutes(app, deps)
  groupInsightRoutes(app, deps)
  taskRoutes(app, deps)
  taskInsightRoutes(app, deps)
  attemptRoutes(app, deps)
  channelRoutes(app, deps)
  operatorRoutes(app, deps)
  workgroupRoutes(app, deps)
  workerRoutes(app, deps)
  trafficRoutes(app, deps)
  scheduleRoutes(app, deps)
  notificationRoutes(app, deps)
  userRoutes(app, deps)
  tokenRoutes(app, deps)
  viewRoutes(app, deps)
  bulkRoutes(app, deps)
  eventRoutes(app, deps, live.hub)
  errorRoutes(app, deps)
  streamRoutes(app, deps, live)
  liveRoutes(app, deps, live)
  demoRoutes(app, deps)
}

import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { openStorage as open } from '../../storage/open-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import type { AuthMode } from '../api/authenticator.ts'
import { assembleCrew, type Crew } from '../crew.ts'
import { urlOf } from '../listen.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import { openStorageOf } from '../start-server.ts'
import { newId, systemClock, systemTimers } from '../system-clock.ts'
import { type Authenticate, createIdentify, type HostRequests } from './authenticate.ts'
import { mount } from './mount.ts'
import { type CrewPluginOptions, type PluginOptions, readOptions } from './options.ts'

/**
 * Crew within an application: its API, websockets and web UI below the prefix that it is registered with, and what runs tasks. Rejects
 * with a sentence when an option or the storage cannot be used. Nothing is claimed before the application listens; when it closes,
 * attempts in flight finish first, within `shutdownTimeoutInMilliseconds`.
 */
export const crewPlugin: FastifyPluginAsync<CrewPluginOptions> = fastifyPlugin(register, {
  name: 'crew',
  fastify: '5.x',
  // Nothing of ours is seen outside.
  encapsulate: true,
})

/** Opens a storage as Crew does, to be handed to the plugin: whoever opened it closes it, after the application. */
export function openStorage(
  setting: string,
  options: { readonly dataDir?: string; readonly redisPassword?: string; readonly allowVolatileRedis?: boolean } = {},
): Promise<TaskStorage> {
  return open({ dataDir: null, ...options, setting, clock: systemClock, bootId: newId() })
}

async function register(app: FastifyInstance, given: CrewPluginOptions): Promise<void> {
  const options = readOptions(given, app)
  const bootId = newId()
  const isOwn = options.storage === null
  const storage = options.storage ?? (await openStorageOf(options, bootId))
  const close = async (): Promise<void> => {
    if (isOwn) await storage.close()
  }
  const requests: HostRequests = new WeakMap()
  const authMode = options.authenticate && applicationMode(options.authenticate, requests)
  try {
    const crew = await assembleCrew(storage, { ...options, bootId, hasDemo: false, authMode })
    mount(app, crew.app, requests)
    follow(app, crew, options, close)
  } catch (error) {
    await close()
    throw error
  }
}

const applicationMode = (authenticate: Authenticate, requests: HostRequests): AuthMode => ({
  kind: 'application',
  identify: createIdentify(authenticate, requests),
})

/** Of Fastify's `pluginTimeout`, after which it gives up on a hook: what is left is for the hook to come back. */
const SHARE = 0.8

/**
 * Starts and stops with the application. It stops in `preClose`, while the application still finishes what it has in hand, as workers may
 * be in it. A stop that takes longer than a hook may goes on beside the closing of the port, and `onClose`, which may last, waits for it.
 */
function follow(app: FastifyInstance, crew: Crew, options: PluginOptions, close: () => Promise<void>): void {
  let started: Promise<void> = Promise.resolve()
  let stopped: Promise<void> | null = null
  const stop = (): Promise<void> => {
    stopped ??= started.then(crew.stop).then(close)
    return stopped
  }
  app.addHook('onListen', () => {
    started = start(app, crew, options)
    return started
  })
  app.addHook('preClose', () => within(SHARE * (app.initialConfig.pluginTimeout ?? 0), stop()))
  // Where the application did not boot there was no `preClose`.
  app.addHook('onClose', stop)
}

/** Waits for the work, but not longer; 0 is for ever. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  if (ms === 0) return work
  let cancel = (): void => {}
  const enough = new Promise<void>((resolve) => {
    cancel = systemTimers.after(ms, resolve)
  })
  await Promise.race([work, enough])
  cancel()
}

/** Nobody hears of an error in `onListen`: it is logged here, and Crew answers 503 from then on, also at `/readyz`. */
async function start(app: FastifyInstance, crew: Crew, { settings, logger, ownPath }: PluginOptions): Promise<void> {
  try {
    const origin = originOf(app)
    if (origin === null && ownPath !== null) throw new SettingError(NO_PORT)
    const workerBaseUrl = ownPath === null ? null : `${origin}${ownPath}`
    const { generatedPassword } = await crew.start({ url: `${origin ?? ''}${app.prefix}`, workerBaseUrl })
    if (generatedPassword !== null) tellPassword(settings, generatedPassword)
  } catch (error) {
    logger.error({ err: error }, 'Crew did not start')
    await crew.stop()
  }
}

const NO_PORT = 'workerBaseUrl is a path of the application, and that listens on no port: give the whole URL.'

/** Where programs of this machine reach the application; null: on no port. */
function originOf(app: FastifyInstance): string | null {
  const address = app.server.address() as AddressInfo | string | null
  if (address === null || typeof address === 'string') return null
  const url = urlOf({ host: address.address, port: address.port })
  return app.initialConfig.https ? url.replace('http:', 'https:') : url
}

/** Not through the log, where it would stay. */
function tellPassword({ basePath, authUsername }: Settings, password: string): void {
  const login = `${authUsername} / ${password}   (made for this store, shown only now: keep it)`
  process.stderr.write(`Crew at ${basePath}: log in as ${login}\n`)
}

import type { FastifyBaseLogger, FastifyInstance, RegisterOptions } from 'fastify'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { createLogger, guardedLogger, type Logger } from '../logger.ts'
import { baseUrl, urlPath } from '../settings/kinds.ts'
import { optionSettings, type SettingOptions } from '../settings/option-settings.ts'
import { readSecrets, SECRET_PREFIX } from '../settings/read-secrets.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import type { Authenticate } from './authenticate.ts'

/** What `app.register(crewPlugin, …)` takes: settings, and what only an application can say. */
export interface CrewPluginOptions
  extends Omit<SettingOptions, 'storage' | 'logLevel'>,
    Pick<RegisterOptions, 'logLevel'> {
  /** The path that Crew is below, like `/crew`. */
  readonly prefix?: string
  /** `sqlite:PATH`, `memory`, `redis://…`, `redis+cluster://…`, or one that the application has opened, and closes. */
  readonly storage?: string | TaskStorage
  /** Who asks, and what he may. Left out, Crew has its own login. */
  readonly authenticate?: Authenticate
  /** What headers of workers name as `secret:NAME`. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Left out, the application's; false: none. */
  readonly logger?: FastifyBaseLogger | false
}

/** The same, read and checked. */
export interface PluginOptions {
  readonly settings: Settings
  readonly secrets: ReadonlyMap<string, string>
  readonly logger: Logger
  /** Null: to be opened as the settings say. */
  readonly storage: TaskStorage | null
  readonly authenticate: Authenticate | undefined
  /** Where workers are within the application; null: somewhere else. */
  readonly ownPath: string | null
}

/** Reads the options, or throws a SettingError that says what is wrong with one. */
export function readOptions(given: CrewPluginOptions, app: FastifyInstance): PluginOptions {
  const { storage, authenticate, secrets = {}, logger = app.log, ...rest } = withoutFastifys(given)
  const ownPath = ownPathOf(rest.workerBaseUrl)
  const settings = optionSettings({
    ...rest,
    ...(typeof storage === 'string' && { storage }),
    ...(ownPath !== null && { workerBaseUrl: undefined }),
  })
  return {
    settings: { ...settings, basePath: basePathOf(app.prefix) },
    secrets: secretsOf(secrets),
    logger: logger ? guardedLogger(logger as Logger, given.logLevel) : createLogger({ level: 'silent', isTty: false }),
    storage: typeof storage === 'object' ? storage : null,
    authenticate,
    ownPath,
  }
}

/** What Fastify itself takes with every plugin. */
function withoutFastifys(given: CrewPluginOptions): CrewPluginOptions {
  const { prefix, logSerializers, ...rest } = given as CrewPluginOptions & RegisterOptions
  return rest as CrewPluginOptions
}

function basePathOf(prefix: string): string {
  const path = urlPath.parse(prefix)
  if (path !== undefined) return path
  throw new SettingError(`prefix is "${prefix}": expected ${urlPath.allowed}.`)
}

/** `/tasks/` is an address of the application's own, known when it listens. */
function ownPathOf(text: string | undefined): string | null {
  if (!text?.startsWith('/')) return null
  const url = baseUrl.parse(`http://localhost${text}`)
  if (url === undefined) throw new SettingError(`workerBaseUrl is "${text}": expected a path, or ${baseUrl.allowed}.`)
  return new URL(url).pathname
}

/** By the rules of `CREW_SECRET_NAME`. */
function secretsOf(secrets: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const env = Object.fromEntries(Object.entries(secrets).map(([name, text]) => [`${SECRET_PREFIX}${name}`, text]))
  return readSecrets({ flags: new Map(), env, readFile: () => null })
}

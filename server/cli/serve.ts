import { createLogger, type Logger, type LoggerOptions } from '../logger.ts'
import { type CrewServer, type StartOptions, startServer } from '../start-server.ts'
import { VERSION } from '../version.ts'
import { exitOnCrash } from './crash.ts'
import { stopSignal } from './stop-signal.ts'

export interface ServeOptions extends Omit<StartOptions, 'logger'> {
  readonly log: Omit<LoggerOptions, 'level'>
  /** It listens: time to tell people. */
  readonly onStarted: (server: CrewServer) => void
}

/** Serves until it is told to stop, and ends the process then. */
export async function serve({ log, onStarted, ...options }: ServeOptions): Promise<never> {
  const { settings } = options
  const logger = createLogger({ level: settings.logLevel, ...log })
  exitOnCrash(logger)
  const asked = stopSignal()
  const server = await startServer({ ...options, logger })
  const { engine, survives } = server.durability
  logger.info({ version: VERSION, url: server.url, engine, survives }, 'started')
  onStarted(server)
  const signal = await asked
  logger.info({ signal, limitMs: settings.shutdownTimeoutInMilliseconds }, 'stopping')
  await stopInTime(server, settings.shutdownTimeoutInMilliseconds, logger)
  logger.info({}, 'stopped')
  process.exit(0)
}

/** What a stop may take beyond the time that attempts in flight have. */
const GRACE_MS = 2000

async function stopInTime(server: CrewServer, limitMs: number, logger: Logger): Promise<void> {
  const hardStop = setTimeout(() => {
    logger.error({ limitMs }, 'the stop took too long and was cut short; the next start gives the open attempts back')
    process.exit(1)
  }, limitMs + GRACE_MS)
  await server.stop()
  clearTimeout(hardStop)
}

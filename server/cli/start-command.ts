import { createLogger, type Logger } from '../logger.ts'
import { type CrewServer, startServer } from '../start-server.ts'
import { VERSION } from '../version.ts'
import { bannerOf } from './banner.ts'
import type { Call, Command } from './command.ts'
import { exitOnCrash } from './crash.ts'
import { stopSignal } from './stop-signal.ts'

/** `crew start`: serves until it is told to stop. */
export const startCommand: Command = {
  name: 'start',
  about: 'start the server',
  words: { placeholder: '', max: 0 },
  flags: [
    {
      name: '--demo',
      placeholder: null,
      about: 'with the demo workers, which are called unless --worker-base-url is set',
    },
  ],
  listsSettings: true,
  run,
}

async function run({ settings, flags }: Call): Promise<number> {
  const logger = createLogger({ level: settings.logLevel, isTty: process.stdout.isTTY })
  exitOnCrash(logger)
  const asked = stopSignal()
  const hasDemo = flags.has('--demo')
  const server = await startServer({ settings, hasDemo, logger })
  const { engine, survives } = server.durability
  logger.info({ version: VERSION, url: server.url, engine, survives }, 'started')
  // Not on stdout: there a log collector reads lines of JSON.
  process.stderr.write(bannerOf({ server, settings, hasDemo }))
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

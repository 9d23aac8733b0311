import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Settings } from './settings/settings-table.ts'

export type { Logger } from 'pino'

export interface LoggerOptions {
  readonly level: Settings['logLevel']
  /** Readable lines instead of JSON. */
  readonly isTty: boolean
  readonly destination?: DestinationStream
}

/** What never reaches the log, wherever somebody passes it by mistake (I18). */
const SECRET_FIELDS = ['authorization', 'cookie', 'password', 'token', 'signingSecret']
const SECRET_PATHS = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`])

/** JSON lines on stdout, readable ones on a terminal. No transports: a binary has no files to load them from. */
export function createLogger({ level, isTty, destination = pino.destination({ sync: true }) }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: SECRET_PATHS, censor: '***' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(
    options,
    isTty ? pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', destination }) : destination,
  )
}

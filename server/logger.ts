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

/** The log of an application, without what must never reach it. A logger that is not pino's ignores the second argument. */
export function guardedLogger(logger: Pick<Logger, 'child'>, level?: Settings['logLevel']): Logger {
  const redact = { paths: SECRET_PATHS, censor: '***' }
  return logger.child({}, { redact, ...(level !== undefined && { level }) })
}

/** JSON spells line feeds and escapes by itself. These it leaves, and some programs begin a line with them, or move a cursor. */
const UNSPELLED = /[\x7f-\x9f\p{Cf}\u2028\u2029]/gu

/** Whatever somebody put into a name or an error, a line of the log stays one line (PROOF S23). It says the same to who reads JSON. */
function onOneLine(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(line.replace(UNSPELLED, spelled)) }
}

/** As JSON has it; one that takes two units is spelled as both. */
const spelled = (sign: string): string =>
  Array.from({ length: sign.length }, (_, i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

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
    isTty
      ? pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l', destination })
      : onOneLine(destination),
  )
}

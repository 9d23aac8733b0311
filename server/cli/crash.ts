import type { Logger } from '../logger.ts'

/** Nobody knows what a bug left behind: a supervisor starts the server again, and it recovers from the storage. */
export function exitOnCrash(logger: Logger): void {
  const crash = (error: unknown): void => {
    logger.fatal({ err: error }, 'a bug stopped the server: start it again, and please report it')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

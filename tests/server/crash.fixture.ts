import { exitOnCrash } from '../../server/cli/crash.ts'
import { createLogger } from '../../server/logger.ts'

// Run as a process of its own: what a bug does to the server.
exitOnCrash(createLogger({ level: 'info', isTty: false }))
setInterval(() => {}, 1000)
const fail = async (): Promise<void> => {
  throw new Error('a promise nobody waits for')
}
if (process.argv[2] === 'rejection') void fail()
else
  setTimeout(() => {
    throw new Error('thrown in a timer')
  })

// Preloaded by crew-dev.mjs while developing. A `kill -9` of the launcher gives it no chance to stop what it started, so
// that looks after itself; the binary, started by people and service managers, does not have this.
import { isMainThread } from 'node:worker_threads'

const PARENT_POLL_MS = 1_000
const parent = Number(process.env.CREW_DEV_PID)

if (isMainThread && parent > 0) {
  const poll = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(poll)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_POLL_MS)
  poll.unref()
}

import { isCompiled } from './runtime.ts'
import { withRuntimeOptions } from './runtime-options.ts'

/** Commands that serve. The others end before they would gain anything. */
const SERVERS = ['start', 'dev']

/*
 * Imported for what it does, before all else: options of the runtime are read from the environment when a process starts, so a server
 * becomes itself again with them, under the same process id. It takes some 20 ms. Windows has no such call.
 */
const [, , command = ''] = process.argv
const env = isCompiled && SERVERS.includes(command) && process.platform !== 'win32' && withRuntimeOptions(process.env)
if (env) {
  try {
    process.execve?.(process.execPath, [process.argv0, ...process.argv.slice(2)], env)
  } catch {
    // Where a sandbox forbids it the server starts as it is.
  }
}

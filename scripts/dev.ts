// `npm run dev`: a server that starts again when its sources change, and the web UI with hot reload before it.
// With CREW_DEV_SERVER=URL only the UI, before the server at that address.
import { spawn } from 'node:child_process'
import { createServer } from 'vite'

const configFile = new URL('../ui/vite.config.ts', import.meta.url).pathname

if (!process.env.CREW_DEV_SERVER) {
  process.env.CREW_DEV_SERVER = `http://127.0.0.1:${process.env.PORT ?? 8090}`
  startServer(process.argv.slice(2))
}
const vite = await createServer({ configFile })
await vite.listen()
vite.printUrls()

function startServer(args: readonly string[]): void {
  const preload = ['--preload', './scripts/stop-with-parent.ts']
  const child = spawn(process.execPath, ['--watch', ...preload, 'server/main.ts', 'start', '--demo', ...args], {
    stdio: 'inherit',
    env: { ...process.env, CREW_DEV_PID: String(process.pid) },
  })
  child.once('exit', (code) => process.exit(code ?? 1))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
}

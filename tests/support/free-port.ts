import { createServer } from 'node:net'

/**
 * Below the ports that systems give to outgoing connections: one of those may be taken while its server is down, so that it cannot
 * come back, and whoever polls a server that is down can meet himself on it.
 */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

/** A port of the loopback address that nobody listens at now, and that stays free over restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer()
    server.once('error', () => answer(false))
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)))
  })
}

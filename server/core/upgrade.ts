/** Whether a request asks for a websocket, which is all that a connection can become here. */
const asksForWebsocket = ({ method, headers }: Asked): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'

interface Asked {
  readonly method?: string | undefined
  readonly headers: { readonly upgrade?: string | undefined }
}

/**
 * How an HTTP server is made that answers whatever else offers another protocol as if it had not (RFC 9110, 7.8): Java's client does so
 * with `Upgrade: h2c` in the first request of each connection. Bun 1.4.5 and Node 24.9 know it; an older Node refuses such a request.
 */
export const upgradeOptions = { shouldUpgradeCallback: asksForWebsocket }

/** Channels and operators are workers by other names (WIRE section 2). */
const WORKER = '/api/v1/worker/'
const PREFIXES = [WORKER, '/api/v1/channel/', '/api/v1/operator/']

/**
 * The names of workers are paths themselves: `/api/v1/worker/shopify/orders` is let in beside `/api/v1/worker/shopify%2Forders`, which is
 * what the routes know. Every POST to a worker ends with what is to be done, and a GET may end with `/history`; nothing else does, so no
 * name is in doubt, but for one that ends so itself: it is read with its slashes encoded.
 */
export function withEncodedWorker(method: string, url: string): string {
  const prefix = PREFIXES.find((one) => url.startsWith(one))
  if (prefix === undefined) return url
  const end = url.indexOf('?')
  const path = url.slice(prefix.length, end < 0 ? undefined : end)
  const isHistory = prefix === WORKER && (method === 'GET' || method === 'HEAD') && path.endsWith('/history')
  const hasVerb = method === 'POST' || isHistory
  const last = hasVerb ? path.lastIndexOf('/') : -1
  const name = last < 0 ? path : path.slice(0, last)
  const rest = url.slice(prefix.length + name.length)
  return `${prefix}${name.replaceAll('/', '%2F')}${rest}`
}

import { mayName } from './egress.ts'
import type { IpRange } from './ip-address.ts'
import { fitsRule, isRule } from './worker-settings.ts'

const MAX_URL_LENGTH = 2048
/** Query parameters that carry a credential: Azure's functions take `code`. */
const CREDENTIAL = /^(code|sig|key|auth)$|token|secret|api_?-?key|-key$|_key$|password|signature/i

/** Reads the URL of a worker or a rule; null is none. Answers it normalised, as a URI of RFC 3986. */
export function parseWorkerUrl(
  value: unknown,
  { name, allowed }: { name: string; allowed: readonly IpRange[] },
): { url: string | null } | { fault: string } {
  if (value === null) return { url: null }
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
  if (url === null || uriOf(url).length > MAX_URL_LENGTH)
    return { fault: `expected null or an http or https URL of at most ${MAX_URL_LENGTH} characters` }
  const fault = faultOf(url, name) ?? (mayName(url.hostname, allowed) ? null : deniedHost)
  return fault === null ? { url: uriOf(url) } : { fault }
}

/** Of a host that is neither an address nor a name of the DNS, but may stand in a URI (RFC 3986, 3.2.2: reg-name). */
const HOST = /^([\w.~!$&'()*+,;=-]+|\[[\da-f:.]+\])$/i
/** Neither unreserved, nor reserved in a path or a query, nor an escape (RFC 3986, 3.3 and 3.4). */
const NOT_IN_URI = /[^\w.~:/?@!$&'()*+,;=%-]|%(?![\da-f]{2})/gi

/** Browsers' URLs may hold more than a URI: `[`, `|` or a lone `%`. What is stored is a URI, as the document of the API says. */
function uriOf({ origin, pathname, search }: URL): string {
  return `${origin}${`${pathname}${search}`.replaceAll(NOT_IN_URI, encodeURIComponent)}`
}

const deniedHost =
  'this address is not allowed: it is private, local or reserved. CREW_EGRESS_ALLOW names the ranges that are allowed all the same'

function faultOf(url: URL, name: string): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'expected http:// or https://'
  if (url.username !== '' || url.password !== '') return 'expected no user name and password: send them as a header'
  if (!HOST.test(url.hostname)) return 'expected a host name of letters, digits, dots and hyphens'
  if (url.href.includes('#')) return 'expected no fragment: it is never sent'
  if (isRule(name) && url.search !== '') return "expected no query: the rest of a worker's name is put behind it"
  const secret = [...url.searchParams.keys()].find((key) => CREDENTIAL.test(key))
  if (secret === undefined) return null
  return `the parameter ${secret.slice(0, 40)} carries a credential: send it as a header with the value secret:NAME`
}

/**
 * Where a worker is reached by a URL that was set: its own, or that of a rule with the rest of its name behind it, as with the base
 * URL: `shopify/orders` by `shopify/*` and `https://hooks.example.com/shop` is `https://hooks.example.com/shop/orders`.
 */
export function addressBy(setting: { readonly name: string; readonly url: string }, worker: string): string {
  const { name, url } = setting
  if (!isRule(name) || !fitsRule(name, worker)) return url
  return `${url.endsWith('/') ? url : `${url}/`}${worker.slice(name.length - 1)}`
}

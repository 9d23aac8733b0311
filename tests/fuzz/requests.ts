import { validBody } from './bodies.ts'
import { writeJson } from './json-text.ts'
import type { Kind } from './known.ts'
import { brokenText, mutate, nasty } from './mutations.ts'
import type { Operation, Role } from './operations.ts'
import { chance, type Maker, PULLED, PUSHED, validValue } from './valid-values.ts'

/** What is wrong with a request. */
export const twists = ['nothing', 'body', 'text', 'address', 'query', 'login', 'type', 'method', 'key'] as const
export type Twist = (typeof twists)[number]

/** One request, as it is sent. */
export interface FuzzRequest {
  readonly operation: Operation
  readonly twist: Twist
  /** Who it is by; null: nobody. */
  readonly login: Role | null
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}

/** Tokens that are good, by what they may. */
export interface Logins {
  readonly admin: string
  readonly operator: string
  readonly viewer: string
  readonly revoked: string
}

type Parts = { -readonly [Part in Exclude<keyof FuzzRequest, 'headers'>]: FuzzRequest[Part] } & {
  headers: Record<string, string>
}

/** A request of this operation, right or with one thing wrong. */
export function makeRequest(operation: Operation, maker: Maker, logins: Logins): FuzzRequest {
  const twist = pickTwist(operation, maker)
  const value = operation.body === null ? undefined : validBody(operation.id, operation.body, maker)
  const parts: Parts = {
    operation,
    twist,
    login: operation.isOpen ? null : 'admin',
    method: operation.method,
    url: `${addressOf(operation, maker, twist === 'address')}${queryOf(operation, maker)}`,
    headers: operation.isOpen ? {} : { authorization: `Bearer ${logins.admin}` },
    body: value === undefined ? null : writeJson(value),
  }
  if (parts.body !== null) parts.headers['content-type'] = 'application/json'
  twisters[twist]?.(parts, { maker, value, logins })
  return parts
}

const weights: Readonly<Record<Twist, number>> = {
  nothing: 42,
  body: 25,
  text: 6,
  address: 7,
  query: 5,
  login: 5,
  type: 3,
  method: 3,
  key: 4,
}

/** A twist of what the operation has; without a body there is nothing wrong with it. */
function pickTwist({ body, path, isOpen }: Operation, { random }: Maker): Twist {
  const has = (twist: Twist): boolean =>
    (body !== null || (twist !== 'body' && twist !== 'text')) &&
    (path.includes('{') || twist !== 'address') &&
    (!isOpen || twist !== 'login')
  const offered = twists.filter(has)
  let left = random.next() * offered.reduce((sum, twist) => sum + weights[twist], 0)
  for (const twist of offered) {
    left -= weights[twist]
    if (left < 0) return twist
  }
  return 'nothing'
}

interface Twisting {
  readonly maker: Maker
  readonly value: unknown
  readonly logins: Logins
}

const twisters: Readonly<Partial<Record<Twist, (parts: Parts, twisting: Twisting) => void>>> = {
  body: (parts, { maker, value }) => {
    const once = mutate(value, maker)
    parts.body = writeJson(chance(maker, 0.3) ? mutate(once, maker) : once)
  },
  text: (parts, { maker, value }) => {
    parts.body = brokenText(writeJson(value), maker)
  },
  query: (parts, { maker }) => {
    parts.url += `${parts.url.includes('?') ? '&' : '?'}${strangeQuery(parts.operation, maker)}`
  },
  login: (parts, { maker, logins }) => wrongLogin(parts, maker, logins),
  type: (parts, { maker }) => {
    parts.body ??= '{}'
    Object.assign(parts.headers, maker.random.pick<object>(strangeTypes))
  },
  method: (parts, { maker }) => {
    parts.method = maker.random.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])
  },
  key: (parts, { maker }) => {
    parts.headers['idempotency-key'] = maker.random.pick([
      '"a"',
      'b',
      `k-${maker.fresh()}`,
      '"',
      'x'.repeat(129),
      '"a" "b"',
    ])
  },
}

/** None of them is refused before Crew sees it; what is sent without a body is refused all the same. */
const strangeTypes = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'application/json; charset=latin1' },
  { 'content-type': 'application/jsonx' },
  { 'content-type': ';;' },
  { 'content-encoding': 'gzip', 'content-type': 'application/json' },
  { 'content-type': 'multipart/form-data' },
] as const

function wrongLogin(parts: Parts, maker: Maker, logins: Logins): void {
  const { random } = maker
  parts.login = random.pick([null, null, 'viewer', 'operator'])
  if (parts.login !== null) {
    parts.headers.authorization = `Bearer ${logins[parts.login]}`
    return
  }
  delete parts.headers.authorization
  const credential = random.pick(strangeLogins)(logins)
  if (!credential.startsWith('?')) parts.headers.authorization = credential
  else parts.url += `${parts.url.includes('?') ? '&' : '?'}${credential.slice(1)}`
}

/** What lets nobody in. */
const strangeLogins: readonly [(logins: Logins) => string, ...((logins: Logins) => string)[]] = [
  () => '',
  () => 'Bearer ',
  () => 'Bearer x',
  ({ revoked }) => `Bearer ${revoked}`,
  ({ admin }) => `Bearer ${admin}x`,
  ({ admin }) => `Bearer ${admin.slice(0, -1)}`,
  ({ viewer }) => `Bearer ${viewer.toUpperCase()}`,
  ({ admin }) => `Basic ${btoa(`admin:${admin}`)}`,
  () => `Bearer crew_${'a'.repeat(12)}_${'b'.repeat(43)}`,
  () => `Bearer ${'x'.repeat(4000)}`,
  ({ admin }) => `?token=${admin}&access_token=${admin}`,
]

/** What stands for a parameter: the part of the path before it tells of what kind it is. */
const kinds: Readonly<Record<string, Kind>> = {
  task_group: 'group',
  task: 'task',
  worker: 'worker',
  channel: 'worker',
  operator: 'operator',
  workgroup: 'workgroup',
  schedule: 'schedule',
  user: 'user',
  token: 'token',
  view: 'view',
  bulk: 'bulk',
  error: 'fingerprint',
  attempt: 'attempt',
}

function addressOf({ id, path }: Operation, maker: Maker, isWrong: boolean): string {
  const task = maker.known.one(id === 'releaseTask' ? 'held' : 'task', maker.random)
  const parts = path.split('/')
  const wrongAt = isWrong
    ? maker.random.pick(parts.flatMap((part, at) => (part.startsWith('{') ? [at] : [])) as [number])
    : -1
  const named = parts.map((part, at) => {
    if (!part.startsWith('{')) return part
    if (at === wrongAt) return maker.random.pick(strangeParts)
    return encodeURIComponent(nameFor(part, parts[at - 1] ?? '', { id, maker, task }))
  })
  return named.join('/')
}

function nameFor(
  part: string,
  before: string,
  { id, maker, task }: { id: string; maker: Maker; task: string },
): string {
  const { random, known } = maker
  if (part === '{tid}') return task
  if (part === '{gid}') return known.groupOf(task) ?? known.one('group', random)
  if (before === 'channel') return random.pick(PULLED)
  if (before === 'worker') return random.pick([...PUSHED, ...PULLED, 'other'])
  if (before === 'workgroup') return random.pick(['wg', 'wg/ü 1'])
  if (id === 'putSchedule' && chance(maker, 0.5)) return maker.fresh()
  return known.one(kinds[before] ?? 'group', random)
}

const strangeParts = [
  'nobody',
  '%00',
  '%',
  '%ff',
  '%ED%A0%80',
  '%2e%2e',
  '..%2f..',
  '%7Bc1%7D',
  '*',
  '%25',
  "'%22;--",
  '__proto__',
  'constructor',
  '%0d%0aX:%20y',
  '%F0%9F%98%80',
  'x'.repeat(129),
  'x'.repeat(1024),
  'x'.repeat(5000),
  '%2F',
  '-',
] as const

function queryOf({ query }: Operation, maker: Maker): string {
  const wanted = query.filter((one) => one.required || chance(maker, 0.25))
  const pairs = wanted.map(({ name, schema }) => [name, String(validValue(schema, maker, name))] as [string, string])
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function strangeQuery({ query }: Operation, { random }: Maker): string {
  const names = [
    ...query.map(({ name }) => name),
    '__proto__',
    'metadata.x',
    'metadata.__proto__',
    'q',
    'constructor[prototype]',
  ]
  const name = encodeURIComponent(names[random.between(0, names.length - 1)] ?? '')
  const value = random.pick(nasty)
  const text = typeof value === 'string' ? value : writeJson(value)
  return random.pick([
    `${name}=${encodeURIComponent(text.slice(0, 2000))}`,
    `${name}=1&${name}=2`,
    `${name}=%ff%00`,
    `${name}=%`,
    `${name}`,
    `${name}[]=1`,
    `&&=&${name}=`,
  ])
}

/** To send it again by hand. */
export function asCurl({ method, url, headers, body }: FuzzRequest): string {
  const flags = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  const sent =
    body === null
      ? []
      : [`--data-binary ${quoted(typeof body === 'string' ? body : `base64:${Buffer.from(body).toString('base64')}`)}`]
  return ['curl', '-i', '-X', method, ...flags, ...sent, quoted(`$CREW${url}`)].join(' ')
}

const quoted = (text: string): string => `$'${JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'")}'`

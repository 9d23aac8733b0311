import type { Random } from '../e2e/support/random.ts'
import { Raw } from './json-text.ts'
import type { Known } from './known.ts'
import { type Document, resolve, type Schema } from './operations.ts'

/** What values are made of. */
export interface Maker {
  readonly random: Random
  readonly document: Document
  readonly known: Known
  /** A name that nobody has yet. */
  fresh(): string
}

/** Workers by how they are reached: by POST, by themselves, and both. */
export const PUSHED = ['shop/orders', 'mailer'] as const
export const PULLED = ['poller', 'pool/b'] as const
export const POLLERS = ['p1', 'p 2'] as const

export const chance = ({ random }: Maker, share: number): boolean => random.next() < share

/** A value that the schema allows; names of fields say what the schema cannot. */
export function validValue(schema: Schema, maker: Maker, name = ''): unknown {
  const said = sayings[name]
  if (said !== undefined && chance(maker, 0.9)) return said(maker)
  const { random, document } = maker
  const { anyOf, enum: words, type, ...rest } = resolve(schema, document)
  if (anyOf) return validValue(random.pick(some(anyOf)), maker, name)
  if (words) return random.pick(some(words))
  switch (type) {
    case 'string':
      return textOf(rest, maker)
    case 'integer':
    case 'number':
      return numberOf(rest, type === 'integer', maker)
    case 'boolean':
      return chance(maker, 0.5)
    case 'null':
      return null
    case 'array':
      return Array.from({ length: random.between(rest.minItems ?? 0, 3) }, () => validValue(rest.items ?? {}, maker))
    case 'object':
      return objectOf(rest, maker)
    default:
      return random.pick(anything)
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema, maker: Maker): object {
  const isWanted = (name: string): boolean => required.includes(name) || chance(maker, 0.3)
  const members = Object.entries(properties).filter(([name]) => isWanted(name))
  const object = Object.fromEntries(members.map(([name, schema]) => [name, validValue(schema, maker, name)]))
  if (typeof additionalProperties === 'object' && chance(maker, 0.5))
    object[`k${maker.random.between(1, 3)}`] = validValue(additionalProperties, maker)
  return object
}

function textOf({ pattern, minLength = 0, maxLength = 64 }: Schema, maker: Maker): string {
  if (pattern !== undefined) return maker.fresh()
  const length = chance(maker, 0.05)
    ? Math.min(maxLength, 1000)
    : maker.random.between(minLength, Math.min(maxLength, 12))
  return 'Grüße 😀 abc'.repeat(100).slice(0, Math.max(length, minLength)).toWellFormed().slice(0, maxLength)
}

/** Mostly small ones, and each end of what is allowed. */
function numberOf(schema: Schema, isWhole: boolean, { random }: Maker): number {
  const least = schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1)
  const most = schema.maximum ?? 1000
  const near = Math.min(most, least + random.between(0, 9))
  return random.pick([near, near, near, isWhole ? near : Math.min(most, near + 0.5), least, most])
}

/** `input` and `output` are any JSON. */
const anything = [
  null,
  true,
  new Raw('12345678901234567890.10'),
  new Raw('{"b": 1, "a":[ ], "b":2}'),
  '\u2028 <b>',
  [],
  {},
  [[1], { n: -0.5 }],
  { __proto__: null, toString: 1 },
] as const

export const some = <Item>(items: readonly Item[]): [Item, ...Item[]] => {
  const [first, ...rest] = items
  if (first === undefined) throw new Error('there is nothing to pick from')
  return [first, ...rest]
}

const times = ['2026-11-22T10:00:00Z', '2026-11-22T12:30:00.5+02:00', '2027-01-01T00:00:00.000Z'] as const
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

type Saying = (maker: Maker) => unknown

const workerName: Saying = ({ random }) => random.pick([...PUSHED, ...PULLED])
const groupName: Saying = ({ random, known }) => known.one('group', random)
const taskName: Saying = ({ random, known }) => known.one('task', random)

/** By the name of a field or a parameter. */
const sayings: Readonly<Record<string, Saying>> = {
  worker: workerName,
  channel: workerName,
  workerId: (maker) => POLLERS[chance(maker, 0.9) ? 0 : 1],
  workgroup: ({ random }) => random.pick(['', '', 'wg', 'wg/ü 1']),
  key: ({ random }) => random.pick(['', '', '', 'k1']),
  id: (maker) => (chance(maker, 0.5) ? maker.fresh() : ''),
  parentIds: (maker) => (chance(maker, 0.8) ? [] : [taskName(maker)]),
  remainingAttempts: ({ random }) => random.pick([0, 1, 2, 5]),
  attempt: ({ random }) => random.pick([1, 1, 2]),
  errorDelayInSeconds: ({ random }) => random.pick([0, 0.5, 60]),
  runAfter: ({ random }) => random.pick([...times, '', null, '0001-01-01T00:00:00Z']),
  until: ({ random }) => random.pick(['2026-12-01T00:00:00Z', '2027-01-01T00:00:00+01:00']),
  expiresAt: () => '2030-01-01T00:00:00Z',
  createdAfter: ({ random }) => random.pick(times),
  createdBefore: ({ random }) => random.pick(times),
  cron: ({ random }) => random.pick(['0 3 * * *', '*/5 * * * *', '0 0 1 1 *']),
  timezone: ({ random }) => random.pick(['UTC', 'Europe/Rome', 'America/New_York']),
  url: ({ random }) => random.pick(['https://93.184.216.34/hook', 'https://93.184.216.35/', 'http://127.0.0.1/x']),
  signingSecret: ({ random }) => random.pick([null, SECRET, [SECRET]]),
  headers: ({ random }) => random.pick([null, {}, { 'X-Team': 'a' }, { Authorization: 'secret:NONE' }]),
  metadata: ({ random }) => random.pick<object>([{}, { team: 'a' }, { team: 'b', 'ö.x': '' }]),
  finally: ({ random }) => random.pick([null, { worker: PUSHED[0], name: 'last', input: [] }]),
  notify: ({ random }) => random.pick([[], [], [{ url: 'https://93.184.216.34/told', events: ['group.failed'] }]]),
  error: ({ random }) => random.pick([null, null, 'it failed', { code: 1 }]),
  children: ({ random }) => random.pick([[], [], [{ worker: PUSHED[1] }], [{ channel: 'mailer', _child_id: 'c' }]]),
  workgroupDelayInSeconds: ({ random }) => random.pick([0, 0.01, 2]),
  childrenDelayInSeconds: ({ random }) => random.pick([0, 1]),
  retryAfterSeconds: ({ random }) => random.pick([0, 1]),
  rateLimited: () => false,
  retryable: () => true,
  seconds: ({ random }) => random.pick([0.5, 1, 60]),
  minutes: ({ random }) => random.pick([1, 60]),
  page: ({ random }) => random.pick([1, 1, 1, 2, 1_000_000_000]),
  pageSize: ({ random }) => random.pick([0, 1, 20, 10_000]),
  state: ({ random }) => random.pick(['active', 'failed', 'paused', '']),
  taskGroup: groupName,
  parent: taskName,
  ids: (maker) => [taskName(maker), taskName(maker)].join(),
  types: ({ random }) => random.pick(['task.created', 'task.created,task.updated', '']),
  username: () => 'admin',
  snapshot: ({ random, known }) => known.one('snapshot', random),
}

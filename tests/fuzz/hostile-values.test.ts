import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { parseIdempotencyKey } from '../../server/core/idempotency.ts'
import { isId, isWorkerName } from '../../server/core/ids.ts'
import { rateLimitDelayMs } from '../../server/core/rate-limit-headers.ts'
import { parseReceivers } from '../../server/core/receiver.ts'
import { parseTaskInput, taskFields } from '../../server/core/task-input.ts'
import { parseTime } from '../../server/core/time.ts'
import { type Api, type Json, makeApi } from '../api/make-api.ts'
import { seeded } from '../e2e/support/random.ts'
import { fakeWorkers } from '../support/fake-workers.ts'
import { quickestMs } from '../support/quickest.ts'
import { validBody } from './bodies.ts'
import { Raw, withMember, writeJson } from './json-text.ts'
import { Known } from './known.ts'
import { type Document, type Operation, operationsOf, resolve, type Schema } from './operations.ts'
import { attacksOn } from './regexes.ts'
import type { Maker } from './valid-values.ts'

/** The API with one of everything that an address may name, and what it says takes a body. */
async function makeWorld() {
  const api = await makeApi({ workers: { client: fakeWorkers((call) => call.reply()) } })
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
  await api.json('PUT', '/api/v1/worker/w', {})
  await api.json('PUT', '/api/v1/schedule/s', { cron: '0 3 * * *', template: { tasks: [{ worker: 'w' }] } })
  await api.json('POST', '/api/v1/users', { name: 'u', role: 'viewer', password: 'a long password' })
  const document: Document = await api.json('GET', '/openapi.json')
  let made = 0
  const maker: Maker = { random: seeded(1), document, known: new Known(), fresh: () => `f${++made}` }
  return { api, maker, document, operations: operationsOf(document).filter(takesBody) }
}

/** A heartbeat is refused before its body is read, as nobody holds a token here. */
const takesBody = ({ id, body }: Operation): boolean => body !== null && id !== 'heartbeatAttempt'

const names: Readonly<Record<string, string>> = { task_group: 'g', task: 't', schedule: 's', user: 'u' }

const addressOf = ({ path }: Operation): string =>
  path.replace(/(\w+)\/\{\w+\}/g, (_, kind: string) => `${kind}/${names[kind] ?? 'w'}`)

const send = (api: Api, operation: Operation, body: unknown) =>
  api.call(operation.method, addressOf(operation), { raw: writeJson(body) })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Raw)

/** The value with this member in one of its objects, for each of them. */
function* withMemberAnywhere(value: unknown, name: string, member: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries())
      for (const changed of withMemberAnywhere(item, name, member)) yield value.with(at, changed)
  }
  if (!isObject(value)) return
  yield withMember(value, name, member)
  for (const [own, item] of Object.entries(value))
    for (const changed of withMemberAnywhere(item, name, member)) yield withMember(value, own, changed)
}

const poisons = [
  ['__proto__', new Raw('{"polluted":true,"isComplete":true}')],
  ['constructor', new Raw('{"prototype":{"polluted":true}}')],
  ['prototype', new Raw('{"polluted":true}')],
] as const

test('no body changes a prototype, wherever in it somebody tries', { timeout: 120_000 }, async () => {
  const { api, maker, operations } = await makeWorld()
  let sent = 0
  for (const operation of operations) {
    const bodies = [1, 2].map(() => validBody(operation.id, operation.body ?? {}, maker))
    for (const body of bodies)
      for (const [name, poison] of poisons)
        for (const poisoned of withMemberAnywhere(body, name, poison)) {
          sent++
          const { statusCode } = await send(api, operation, poisoned)
          expect([operation.id, statusCode < 500]).toEqual([operation.id, true])
        }
  }
  expect(sent).toBeGreaterThan(operations.length * 6)
  expect([Object.keys(Object.prototype), 'polluted' in {}]).toEqual([[], false])
  expect(api.log).toEqual([])
})

test('what is called like a prototype is data in input, output and metadata', async () => {
  const { api } = await makeWorld()
  const input = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}'
  const metadata = '{"__proto__":"a","constructor":"b"}'
  const raw = `{"worker":"w","input":${input},"output":${input},"metadata":${metadata}}`
  const { body } = await api.call('POST', '/api/v1/task_group/g/tasks', { raw })
  for (const kept of [`"input":${input}`, `"output":${input}`, `"metadata":${metadata}`]) expect(body).toContain(kept)
})

const wrong: Readonly<Record<string, readonly unknown[]>> = {
  string: [5, true, [], {}],
  number: ['5', true, [], {}],
  integer: ['5', true, [], {}, 1.5],
  boolean: ['true', 1, [], {}],
  array: ['x', 5, true, {}],
  object: ['x', 5, true, []],
}

/** What cannot be the value of this field; nothing of one that takes anything. */
function wrongFor(schema: Schema, document: Document): readonly unknown[] {
  const { type, anyOf } = resolve(schema, document)
  if (type !== undefined) return wrong[type] ?? []
  if (anyOf === undefined) return []
  const all = anyOf.map((one) => wrongFor(one, document))
  // `null` has none of its own.
  const [first = [], ...others] = all.filter((values) => values.length > 0)
  return first.filter((value) =>
    others.every((values) => values.some((one) => JSON.stringify(one) === JSON.stringify(value))),
  )
}

test('a wrong type in any field of any body is refused by its name, and changes nothing', {
  timeout: 120_000,
}, async () => {
  const { api, maker, document, operations } = await makeWorld()
  const before = await api.fingerprint()
  const missed: string[] = []
  let sent = 0
  for (const operation of operations) {
    const schema = resolve(operation.body ?? {}, document)
    for (const [field, of] of Object.entries(schema.properties ?? {}))
      for (const value of wrongFor(of, document)) {
        sent++
        const body = validBody(operation.id, operation.body ?? {}, maker) as object
        const answer = await send(api, operation, withMember(body, field, value))
        const { errors = [] } = answer.statusCode === 422 ? (answer.json() as Json) : {}
        const isNamed = errors.some(({ pointer }: { pointer: string }) => pointer.startsWith(`/${field}`))
        if (!isNamed) missed.push(`${operation.id} ${field}: ${JSON.stringify(value)} → ${answer.statusCode}`)
      }
  }
  expect(missed).toEqual([])
  expect(sent).toBeGreaterThan(300)
  expect(await api.fingerprint()).toBe(before)
  expect(api.log).toEqual([])
})

const LENGTH = 200_000
/** Linear work takes a millisecond or two, quadratic work twenty seconds: machines are not that different. */
const MAX_MS = 1000

const policy = { hasSecret: () => false, egressAllow: [], signingKeys: { canKeep: false } }

const validators: readonly (readonly [string, (text: string) => unknown])[] = [
  ...taskFields.map((name) => [`a task's ${name}`, (text: string) => parseTaskInput({ [name]: text }, '')] as const),
  ["a task's metadata", (text) => parseTaskInput({ metadata: { [text]: text } }, '')],
  ["a task's parent", (text) => parseTaskInput({ parentIds: [text] }, '')],
  ['an id', isId],
  ['a worker', isWorkerName],
  ['a time', parseTime],
  ['an Idempotency-Key', parseIdempotencyKey],
  ['a Retry-After', (text) => rateLimitDelayMs({ 'retry-after': text }, 0)],
  ['a RateLimit', (text) => rateLimitDelayMs({ ratelimit: `"a";r=0;t=${text}` }, 0)],
  ['an error', fingerprintOf],
  [
    'a receiver',
    (url) => parseReceivers([{ url }], { pointer: '', policy: policy as never, events: ['group.failed'] as never }),
  ],
]

describe('a text of 200,000 characters is judged in linear time', () => {
  test.each(validators)('as %s', (_name, judge) => {
    const attacks = attacksOn('2026-11-22T10:00:00.000Z "a";r=0, ü\u0000', LENGTH)
    const slow = attacks.filter((text) => quickestMs(MAX_MS, () => judge(text)) > MAX_MS)
    expect(slow.map((text) => text.slice(0, 5))).toEqual([])
  })
})

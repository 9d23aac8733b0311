import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWorkerName } from '../../server/core/ids.ts'
import { requestBody, requestHeaders, workerUrl } from '../../server/core/worker-request.ts'
import { runningTask } from '../support/attempts.ts'

const options = { version: '1.2.3', timeoutSeconds: 2.5, authorization: null, traceparent: '00-a-b-01' }

function headersOf(headers: readonly string[]): Record<string, string> {
  const pairs = Array.from({ length: headers.length / 2 }, (_, at) => headers.slice(at * 2, at * 2 + 2))
  return Object.fromEntries(pairs) as Record<string, string>
}

describe('the headers of a request', () => {
  test('name the attempt, its task and its delivery', () => {
    const task = runningTask({ id: 't', groupId: 'g', attempts: 3, run: 9 })
    expect(headersOf(requestHeaders(task, { ...options, authorization: 'Bearer x' }))).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'crew/1.2.3',
      'crew-attempt': '3',
      'crew-task-id': 't',
      'crew-task-group-id': 'g',
      'crew-timeout': '2.5',
      'idempotency-key': 't_9',
      'webhook-id': 't_9',
      traceparent: '00-a-b-01',
      authorization: 'Bearer x',
    })
  })

  test('carry no authorization when there is none', () => {
    expect(headersOf(requestHeaders(runningTask(), options))).not.toHaveProperty('authorization')
  })

  test('share the delivery id over the retries of a run, and have a new one after a reset', () => {
    const idOf = (fields: Parameters<typeof runningTask>[0]) =>
      headersOf(requestHeaders(runningTask(fields), options))['idempotency-key']
    expect(idOf({ attempts: 1 })).toBe(idOf({ attempts: 4, failures: 3 }))
    expect(idOf({ run: 1 })).not.toBe(idOf({ run: 2 }))
  })
})

describe('the body of a request', () => {
  test('has the fields of crew-go first, then those of Crew', () => {
    const task = runningTask({
      id: 't',
      groupId: 'g',
      name: 'say "hi"',
      worker: 'w',
      workgroup: 'ads',
      key: 'k',
      attempts: 2,
      remainingAttempts: 4,
      metadata: { a: 'b' },
      input: '{ "n": 1.0 }',
    })
    expect(requestBody(task, [{ taskId: 'p', worker: 'pw', input: '[ ]', output: '{"b":1,"a":2}' }], null)).toBe(
      '{"input":{ "n": 1.0 },"worker":"w","parents":[{"taskId":"p","worker":"pw","input":[ ],"output":{"b":1,"a":2}}],' +
        '"taskId":"t","taskGroupId":"g","name":"say \\"hi\\"","attempt":2,"remainingAttempts":4,"workgroup":"ads",' +
        '"key":"k","metadata":{"a":"b"}}',
    )
  })

  test('carries payloads byte for byte, wherever they come from', () => {
    const payload = fc.oneof(
      fc.json(),
      fc.constantFrom('12345678901234567890', '1.50', '{ "z":1, "a":[ ] }', '"\\u00e9"', '[1e400]', '-0'),
    )
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(payload, fc.array(fc.tuple(payload, payload)), text, text, (input, results, name, key) => {
        const parents = results.map(([given, output], at) => ({ taskId: `p${at}`, worker: 'w', input: given, output }))
        const body = requestBody(runningTask({ input, name, key, metadata: { [name]: key } }), parents, null)
        expect(body.startsWith(`{"input":${input},`)).toBe(true)
        for (const { taskId, input: given, output } of parents)
          expect(body).toContain(`{"taskId":"${taskId}","worker":"w","input":${given},"output":${output}}`)
        expect(JSON.parse(body)).toMatchObject({ name, key, taskId: 'task', metadata: { [name]: key } })
        expect(JSON.parse(body).parents.map((parent: { taskId: string }) => parent.taskId)).toEqual(
          parents.map(({ taskId }) => taskId),
        )
      }),
    )
  })
})

test.each([
  ['http://h/base', 'http://h/base/w/x'],
  ['http://h/base/', 'http://h/base/w/x'],
  ['http://h', 'http://h/w/x'],
])('a worker at %s is called at %s', (base, url) => {
  expect(workerUrl(base, 'w/x')).toBe(url)
})

test('no name of a worker leads out of the base URL, as browsers and Node read addresses', () => {
  const bases = ['http://h/base/', 'http://h:8080/a/b', 'https://h', 'http://[2001:db8::1]/x']
  const parts = [
    'a',
    'B-9',
    '.',
    '~',
    '_',
    '/',
    'evil.com',
    '//',
    '@evil.com',
    '..',
    '%2e%2e',
    '\\\\evil',
    '?',
    '#',
    ':80',
    ';',
  ]
  const name = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...parts)).map((list) => list.join('')),
  )
  fc.assert(
    fc.property(fc.constantFrom(...bases), name, (base, worker) => {
      fc.pre(isWorkerName(worker))
      const [from, to] = [new URL(base.replace(/\/?$/, '/')), new URL(workerUrl(base, worker))]
      expect([to.origin, to.username, to.search, to.hash]).toEqual([from.origin, '', '', ''])
      expect(to.pathname.startsWith(from.pathname)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

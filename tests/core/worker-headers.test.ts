import { describe, expect, test } from 'vitest'
import {
  MAX_HEADERS,
  parseHeaders,
  resolveHeaders,
  secretsOfAuthorization,
  withOwnHeaders,
  withoutSecrets,
} from '../../server/core/worker-headers.ts'

const parse = (value: unknown) => parseHeaders(value, { hasSecret: (name) => name === 'STRIPE', pointer: '/headers' })
const faultOf = (value: unknown) => parse(value).faults.map(({ pointer, detail }) => `${pointer}: ${detail}`)

describe('headers', () => {
  test('are read with their names in lower case', () => {
    expect(parse({ 'X-Shop': 'a b', accept: 'text/plain', 'x-empty': '' })).toEqual({
      headers: { 'x-shop': 'a b', accept: 'text/plain', 'x-empty': '' },
      faults: [],
    })
    expect(parse(null)).toEqual({ headers: {}, faults: [] })
  })

  test('name a secret of this server, also behind a scheme', () => {
    const written = { authorization: 'Bearer secret:STRIPE', 'x-api-key': 'secret:STRIPE', 'x-plain': 'secret:STRIPE' }
    expect(parse(written)).toEqual({ headers: written, faults: [] })
    expect(faultOf({ 'x-a': 'secret:OTHER' })).toEqual([
      '/headers/x-a: this server has no secret OTHER: set CREW_SECRET_OTHER, or CREW_SECRET_OTHER_FILE, and start it again',
    ])
  })

  test.each([
    ...[
      'secret:',
      'secret:stripe',
      'secret:STRIPE more',
      'Secret:STRIPE',
      'Bearer secret:STRIPE;',
      'Bearer  secret:STRIPE',
    ],
    ...['secret:STRIPE\u00e4', `secret:${'A'.repeat(65)}`],
  ])('do not take %j for a secret', (value) => expect(faultOf({ 'x-a': value })).toHaveLength(1))

  test.each([
    'Authorization',
    'proxy-authorization',
    'Cookie',
    'X-API-Key',
    'x-apikey',
    'X-Auth-Token',
    'client-secret',
    'X-Password',
    'x-functions-key',
    'Ocp-Apim-Subscription-Key',
  ])('with a credential in %s are refused, and the value is not repeated', (name) => {
    const [fault] = faultOf({ [name]: 'hunter2' })
    expect(fault).toBe(
      `/headers/${name}: carries a credential, and settings are not encrypted: put it into the environment as CREW_SECRET_X and write secret:X`,
    )
    expect(faultOf({ [name]: 'secret:STRIPE' })).toEqual([])
  })

  test.each(['Bearer abc', 'basic dXNlcjpwYXNz', 'Token abc'])('with %j in any name are refused', (value) =>
    expect(faultOf({ 'x-forwarded': value })).toHaveLength(1),
  )

  test.each([
    ...[
      'host',
      'Content-Length',
      'connection',
      'transfer-encoding',
      'upgrade',
      'te',
      'trailer',
      'expect',
      'keep-alive',
    ],
    ...[
      'content-type',
      'content-encoding',
      'accept-encoding',
      'crew-attempt',
      'Crew-Anything',
      'webhook-id',
      'webhook-signature',
    ],
    ...['Idempotency-Key', 'traceparent', 'proxy-connection'],
  ])('may not set %s', (name) =>
    expect(faultOf({ [name]: 'x' })).toEqual([`/headers/${name}: is set by Crew or by the connection`]),
  )

  test.each(['', 'a b', 'a:b', 'a\r\nb', 'ü', 'a(b)', 'a/b', '@', 'x'.repeat(129), 'a\u0000'])(
    'have no name %j',
    (name) => expect(parse({ [name]: 'x' }).faults).toHaveLength(1),
  )

  test.each([
    'a\r\nx-b: 1',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'ü',
    ' a',
    'a ',
    '\ta',
    'a\u007f',
    'x'.repeat(4097),
    5,
    null,
    true,
    [],
    {},
  ])('have no value %j', (value) => expect(faultOf({ 'x-a': value })).toHaveLength(1))

  test.each([[5], ['x'], [true], [[]]])('are not %j', (value) => expect(faultOf(value)).toHaveLength(1))

  test('are not there twice, and not too many', () => {
    expect(faultOf({ 'x-a': '1', 'X-A': '2' })).toEqual(['/headers/X-A: is there twice'])
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'v']))
    expect(faultOf(many(MAX_HEADERS))).toEqual([])
    expect(faultOf(many(MAX_HEADERS + 1))).toEqual([`/headers: expected at most ${MAX_HEADERS} headers`])
  })

  test('point to a name with a slash or a tilde as JSON pointers do', () => {
    expect(parse({ 'a/b': 'x', 'a~b': '\n' }).faults.map(({ pointer }) => pointer)).toEqual([
      '/headers/a~1b',
      '/headers/a~0b',
    ])
  })

  test('are plain data, whatever they are called', () => {
    const headers = parse(JSON.parse('{"__proto__": "x", "constructor": "y"}')).headers
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })
})

describe('resolved headers', () => {
  test('have their secrets put in', () => {
    const secrets = new Map([['A', 'sk-1']])
    const own = { authorization: 'Bearer secret:A', 'x-key': 'secret:A', 'x-plain': 'p' }
    expect(resolveHeaders(own, (name) => secrets.get(name))).toEqual({
      headers: { authorization: 'Bearer sk-1', 'x-key': 'sk-1', 'x-plain': 'p' },
      secrets: ['sk-1', 'sk-1'],
      problem: null,
    })
  })

  test('cannot be sent without one of them', () => {
    const { problem } = resolveHeaders({ 'x-a': 'p', 'x-b': 'secret:GONE' }, () => undefined)
    expect(problem).toBe(
      'header x-b: this server has no secret GONE: set CREW_SECRET_GONE, or CREW_SECRET_GONE_FILE, and start it again',
    )
  })

  test('take the place of those of the same name', () => {
    const common = ['accept', 'application/json', 'user-agent', 'crew', 'authorization', 'base']
    expect(withOwnHeaders(common, { authorization: 'own', 'x-a': '1' })).toEqual([
      ...['accept', 'application/json', 'user-agent', 'crew'],
      ...['authorization', 'own', 'x-a', '1'],
    ])
    expect(withOwnHeaders(common, {})).toBe(common)
  })
})

test('a text is shown without the secrets in it', () => {
  expect(withoutSecrets('{"got":"Bearer sk-1","again":"sk-1"}', ['sk-1'])).toBe('{"got":"Bearer ***","again":"***"}')
  expect(withoutSecrets('nothing', ['sk-1'])).toBe('nothing')
})

test('a secret is taken out however JSON spells it', () => {
  const secret = 'a"b\\c/d'
  const answers = [secret, JSON.stringify(secret), JSON.stringify(secret).replaceAll('/', '\\/')]
  expect(answers.map((answer) => withoutSecrets(answer, [secret]))).toEqual(['***', '"***"', '"***"'])
})

test.each([
  ['as .NET does', (secret: string) => secret.replaceAll('+', '\\u002B').replaceAll('"', '\\u0022')],
  ['as Go does', (secret: string) => secret.replaceAll('&', '\\u0026').replaceAll('"', '\\"')],
  [
    'sign by sign',
    (secret: string) => Array.from(secret, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`).join(''),
  ],
])('a secret is taken out where JSON spells its signs by their numbers %s', (_, spell) => {
  const secrets = ['Bearer ab+cd/ef&gh"==']
  const answer = `{"error":"wrong token ${spell('ab+cd/ef&gh"==')}","got":"${spell('Bearer ab+cd/ef&gh"==')}"}`
  expect(JSON.parse(answer).error).toContain('ab+cd/ef&gh"==')
  expect(withoutSecrets(answer, secrets)).toBe('{"error":"wrong token ***","got":"***"}')
  const within = JSON.stringify({ body: answer })
  expect(JSON.parse(JSON.parse(withoutSecrets(within, secrets)).body)).toEqual({ error: 'wrong token ***', got: '***' })
})

test('a secret that begins with another is taken out as a whole', () => {
  expect(withoutSecrets('token-12 token-12345', ['token-12', 'token-12345'])).toBe('*** ***')
})

test('of a secret with its scheme also the credential alone is taken out', () => {
  expect(withoutSecrets('invalid key sk-12345678', ['Bearer sk-12345678'])).toBe('invalid key ***')
})

test('of the authorization of the environment nothing comes back, unless it is so short that it would by chance', () => {
  expect(secretsOfAuthorization('Bearer sk-live-4711')).toEqual(['Bearer sk-live-4711'])
  expect([secretsOfAuthorization(null), secretsOfAuthorization('abc')]).toEqual([[], []])
  const secrets = secretsOfAuthorization('Bearer sk-live-4711')
  expect(withoutSecrets('wrong key: sk-live-4711, said Bearer sk-live-4711', secrets)).toBe('wrong key: ***, said ***')
})

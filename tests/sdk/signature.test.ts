import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSameText } from '../../sdk/typescript/src/signature/same-text.ts'
import { createVerifier } from '../../sdk/typescript/src/signature/verifier.ts'
import { crewRequest, ed25519Signature, NOW, SECRET, signatureHeaders } from './crew-request.ts'

const makeSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
const now = () => NOW

describe('a signature', () => {
  test('of the published vector is good', async () => {
    const verify = createVerifier(SECRET, { now: () => 1614265330_000 })
    const headers = new Headers({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
    expect(await verify(headers, '{"test": 2432232314}')).toEqual({ isVerified: true })
    expect(await verify(headers, '{"test": 2432232315}')).toEqual({
      isVerified: false,
      reason: 'no signature fits the secret',
    })
  })

  test('is good for its body alone', async () => {
    const verify = createVerifier(SECRET, { now })
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (body, other) => {
        const headers = new Headers({ 'webhook-id': 'delivery-1', ...signatureHeaders(body, [SECRET], NOW) })
        expect((await verify(headers, body)).isVerified).toBe(true)
        expect((await verify(headers, new TextEncoder().encode(other))).isVerified).toBe(body === other)
      }),
      { numRuns: 50 },
    )
  })

  test('by either secret is good while one is replaced', async () => {
    const [old, next, other] = [makeSecret(), makeSecret(), makeSecret()]
    const accepts = async (known: string[], signedBy: string[]): Promise<boolean> => {
      const request = crewRequest({ secrets: signedBy })
      return (await createVerifier(known, { now })(request.headers, await request.text())).isVerified
    }
    expect(await accepts([old], [old, next])).toBe(true)
    expect(await accepts([next], [old, next])).toBe(true)
    expect(await accepts([old, next], [next])).toBe(true)
    expect(await accepts([other], [old, next])).toBe(false)
  })

  test('by a private key is checked with the public one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const verify = createVerifier(`whpk_${raw.toString('base64')}`, { now })
    const head = { 'webhook-id': 'delivery-1', 'webhook-timestamp': String(NOW / 1000) }
    const good = new Headers({ ...head, 'webhook-signature': ed25519Signature('{}', privateKey, NOW) })
    const shared = new Headers({ ...head, ...signatureHeaders('{}', [SECRET], NOW) })
    const short = new Headers({ ...head, 'webhook-signature': 'v1a,AAAA' })
    const verdicts = await Promise.all([
      verify(good, '{}'),
      verify(good, '[]'),
      verify(shared, '{}'),
      verify(short, '{}'),
    ])
    expect(verdicts.map(({ isVerified }) => isVerified)).toEqual([true, false, false, false])
  })

  test.each([
    ['older than the tolerance', { at: NOW - 301_000 }, 'the request is too old'],
    ['too far ahead', { at: NOW + 301_000 }, 'the request is of the future'],
    [
      'without an id',
      { headers: { 'webhook-id': '' } },
      'webhook-id, webhook-timestamp or webhook-signature is missing',
    ],
    ['of another id', { headers: { 'webhook-id': 'delivery-2' } }, 'no signature fits the secret'],
    [
      'of another time than it says',
      { headers: { 'webhook-timestamp': String(NOW / 1000 - 1) } },
      'no signature fits the secret',
    ],
    ['of a time that is no number', { headers: { 'webhook-timestamp': 'now' } }, 'webhook-timestamp is not in seconds'],
    ['that is no base64', { headers: { 'webhook-signature': 'v1,*** v1 v1,' } }, 'no signature fits the secret'],
    ['of another version', { headers: { 'webhook-signature': 'v2,AAAA' } }, 'no signature fits the secret'],
    ['six minutes old', { at: NOW - 360_000 }, 'the request is too old'],
  ])('%s is refused', async (_what, options, reason) => {
    const request = crewRequest({ secrets: [SECRET], ...options })
    expect(await createVerifier(SECRET, { now })(request.headers, await request.text())).toEqual({
      isVerified: false,
      reason,
    })
  })

  test('that is good counts for nothing under the name of another version', async () => {
    const good = signatureHeaders('{}', [SECRET], NOW)
    const verify = createVerifier(SECRET, { now })
    const renamed = ['v1a', 'v2', 'V1', 'v01', ''].map((version) => {
      const signature = (good['webhook-signature'] ?? '').replace(/^v1(?=,)/, version)
      return verify(new Headers({ 'webhook-id': 'delivery-1', ...good, 'webhook-signature': signature }), '{}')
    })
    expect((await Promise.all(renamed)).map(({ isVerified }) => isVerified)).toEqual(Array(5).fill(false))
    expect((await verify(new Headers({ 'webhook-id': 'delivery-1', ...good }), '{}')).isVerified).toBe(true)
  })

  test('may be as old as it is told', async () => {
    const request = crewRequest({ secrets: [SECRET], at: NOW - 3_600_000 })
    const verify = createVerifier(SECRET, { now, toleranceSeconds: 3600 })
    expect(await verify(request.headers, await request.text())).toEqual({ isVerified: true })
  })

  test('is looked for among the first ten only', async () => {
    const request = crewRequest({ secrets: [...Array.from({ length: 10 }, makeSecret), SECRET] })
    expect((await createVerifier(SECRET, { now })(request.headers, await request.text())).isVerified).toBe(false)
  })
})

test.each([
  '',
  'secret',
  'whsec_',
  'whsec_***',
  `whsec_${randomBytes(23).toString('base64')}`,
  `whsec_${randomBytes(65).toString('base64')}`,
  `whpk_${randomBytes(31).toString('base64')}`,
  `whsk_${randomBytes(32).toString('base64')}`,
])('"%s" is no secret, and the refusal does not repeat it', (secret) => {
  const make = () => createVerifier(secret)
  expect(make).toThrow('secret: expected whsec_')
  if (secret.length > 10) expect(make).not.toThrow(secret)
})

test('no secret at all is refused', () => {
  expect(() => createVerifier([])).toThrow('secret: expected at least one')
})

test('texts are the same when they are the same', async () => {
  const same = await Promise.all([
    isSameText('', ''),
    isSameText('Bearer a', 'Bearer a'),
    isSameText('Bearer a', 'Bearer b'),
    isSameText('', 'a'),
  ])
  expect(same).toEqual([true, true, false, false])
})

import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test, vi } from 'vitest'
import { SecretBox } from '../../server/controller/secret-box.ts'
import { createSigner, publicKeyOf } from '../../server/controller/signer.ts'
import { type SignedParts, signatureHeaders, signedContent } from '../../server/core/signature.ts'
import { readSigningSecret } from '../../server/core/signing-secret.ts'
import { makeSigningKeys } from '../support/worker-directory.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const SEED = Buffer.alloc(32, 1)
const PAIR = `whsk_${Buffer.concat([SEED, publicKeyOf(SEED)]).toString('base64')}`
const NOW = Date.parse('2026-11-22T10:00:00Z')

/** The headers of a request that these secrets sign. */
function signed(secrets: readonly string[], parts: SignedParts): Record<string, string> {
  const { signers } = makeSigningKeys().signingOfTexts(secrets)
  const { headers } = signatureHeaders(signers, parts)
  const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : []))
  return { 'webhook-id': parts.id, ...Object.fromEntries(pairs) }
}

/** Whether a receiver with this secret takes the request, at the time at which it was sent. */
function takes(secret: string, body: string, headers: Record<string, string>, now = NOW): boolean {
  vi.useFakeTimers({ now, toFake: ['Date'] })
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false })
    return true
  } catch {
    return false
  } finally {
    vi.useRealTimers()
  }
}

describe('a signature', () => {
  test('of the published example is the published one', () => {
    const parts = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: 1_614_265_330_000, body: '{"test": 2432232314}' }
    expect(signed([SECRET], parts)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('of any request by any secret is taken by the public library, and one changed character is not', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}_\d{1,6}$/)
    const body = fc.oneof(fc.json(), fc.string({ unit: 'grapheme', minLength: 1 }))
    const key = fc.uint8Array({ minLength: 24, maxLength: 64 })
    const time = fc.integer({ min: 0, max: 4_102_444_800_000 })
    fc.assert(
      fc.property(id, body, key, time, fc.nat(), fc.constantFrom('id', 'body', 'time', 'signature'), (...drawn) => {
        const [idText, bodyText, bytes, now, place, what] = drawn
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`
        const headers = signed([secret], { id: idText, now, body: bodyText })
        expect(takes(secret, bodyText, headers, now)).toBe(true)
        const name = { id: 'webhook-id', time: 'webhook-timestamp', signature: 'webhook-signature' } as const
        if (what === 'body') expect(takes(secret, changed(bodyText, place), headers, now)).toBe(false)
        else {
          const other = { ...headers, [name[what]]: changed(headers[name[what]] ?? '', place) }
          // The library reads a number out of a text, so `1x` may still be the time that was signed.
          if (what !== 'time' || Number.parseInt(other['webhook-timestamp'] ?? '', 10) !== Math.floor(now / 1000))
            expect(takes(secret, bodyText, other, now)).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is refused by the library after six minutes', () => {
    const headers = signed([SECRET], { id: 't_1', now: NOW, body: '{}' })
    expect([0, 4, 6].map((minutes) => takes(SECRET, '{}', headers, NOW + minutes * 60_000))).toEqual([
      true,
      true,
      false,
    ])
  })

  test('during a rotation is taken by who knows either secret, and by nobody else', () => {
    const headers = signed([SECRET, OLD], { id: 't_1', now: NOW, body: '{}' })
    const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
    expect([SECRET, OLD, other].map((secret) => takes(secret, '{}', headers))).toEqual([true, true, false])
  })

  test.each([
    ['the pair', PAIR],
    ['the seed', `whsk_${SEED.toString('base64')}`],
  ])('by %s of an ed25519 key is verified with the public key', (_, secret) => {
    const parts = { id: 't_1', now: NOW, body: '{"ü":"\ud83d\ude00"}' }
    const [version, signature = ''] = (signed([secret], parts)['webhook-signature'] ?? '').split(',')
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKeyOf(SEED)])
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const isGood = (body: string): boolean => {
      const content = signedContent({ id: 't_1', timestamp: NOW / 1000, body })
      return verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'))
    }
    expect([version, isGood(parts.body), isGood(`${parts.body} `)]).toEqual(['v1a', true, false])
  })

  test('is the one of the test vectors of RFC 8032', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    const secret = readSigningSecret(`whsk_${seed.toString('base64')}`)
    const signature = secret && Buffer.from(createSigner(secret).sign(''), 'base64').toString('hex')
    expect(Buffer.from(publicKeyOf(seed)).toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    )
    expect(signature).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })
})

describe('a sealed secret', () => {
  const key = new Uint8Array(32).fill(1)
  const oldKey = new Uint8Array(32).fill(2)

  test('is opened by its key, now and when that is the old one, and by no other', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }).map((text) => text.toWellFormed()),
        (text) => {
          const sealed = new SecretBox({ key: oldKey, oldKey: null }).seal(text)
          expect(new SecretBox({ key: oldKey, oldKey: null }).open(sealed)).toBe(text)
          expect(new SecretBox({ key, oldKey }).open(sealed)).toBe(text)
          expect(new SecretBox({ key: null, oldKey }).open(sealed)).toBe(text)
          expect(new SecretBox({ key, oldKey: null }).open(sealed)).toBeNull()
        },
      ),
    )
  })

  test('is not opened when one byte of it was changed, or its end is missing', () => {
    const box = new SecretBox({ key, oldKey: null })
    const sealed = box.seal(SECRET)
    const bytes = Buffer.from(sealed.box, 'base64')
    for (const at of bytes.keys()) {
      const other = Buffer.from(bytes)
      other[at] = (other[at] ?? 0) ^ 1
      expect(box.open({ ...sealed, box: other.toString('base64') })).toBeNull()
      expect(box.open({ ...sealed, box: bytes.subarray(0, at).toString('base64') })).toBeNull()
    }
  })

  test('is another one each time, and tells neither the secret nor the key', () => {
    const keys = makeSigningKeys({ secretKey: key })
    const [one, two] = [keys.seal(SECRET), keys.seal(SECRET)]
    expect(one.box).not.toBe(two.box)
    expect(one).toMatchObject({
      kind: 'sealed',
      shown: 'whsec_****LaSw',
      keyId: expect.stringMatching(/^[0-9a-f]{8}$/),
    })
    expect(JSON.stringify(one)).not.toContain(SECRET.slice(6, 20))
  })

  test('is sealed again with the present key when an older one opens it', () => {
    const before = makeSigningKeys({ secretKey: oldKey }).seal(SECRET)
    const renewed = makeSigningKeys({ secretKey: key, oldKey }).renew(before)
    expect(makeSigningKeys({ secretKey: key }).signingOf([renewed])).toMatchObject({ problem: null })
    expect(makeSigningKeys({ secretKey: key }).renew(before)).toEqual(before)
    expect(makeSigningKeys({ secretKey: null, oldKey }).renew(before)).toEqual(before)
  })
})

describe('what signs', () => {
  test('is nothing when one of two secrets cannot be read, and the sentence names it and what to do', () => {
    const foreign = makeSigningKeys({ secretKey: new Uint8Array(32).fill(3) }).seal(OLD)
    const keys = makeSigningKeys()
    const { signers, problem } = keys.signingOf([keys.seal(SECRET), foreign])
    expect(signers).toEqual([])
    expect(problem).toBe(
      `signingSecret: whsec_****CQk= was encrypted with the key ${foreign.keyId}, which this server does not have: ` +
        'set CREW_SECRET_KEY or CREW_SECRET_KEY_OLD to that key, or set the secret again',
    )
  })

  test('by names is what the environment says', () => {
    const keys = makeSigningKeys({ secrets: { GOOD: SECRET, BAD: 'sk-live-1234567890' } })
    const problems = ['GOOD', 'BAD', 'NONE'].map((name) => keys.signingOf([{ kind: 'named', name }]).problem)
    expect(problems).toEqual([
      null,
      expect.stringContaining('signingSecret: CREW_SECRET_BAD: expected whsec_'),
      expect.stringContaining('signingSecret: this server has no secret NONE'),
    ])
  })

  test('keeps every spelling of its secrets, to be taken out of answers', () => {
    expect(makeSigningKeys().signingOfTexts([SECRET]).secrets).toEqual([SECRET, SECRET.slice(6)])
  })
})

/** With another character in one place. */
function changed(text: string, place: number): string {
  const at = place % text.length
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64 } from '../../server/core/base64.ts'
import {
  faultOfSecret,
  type GivenSecret,
  type KeptSecret,
  keepSecrets,
  maskSecret,
  parseSigningSecrets,
  readSigningSecret,
  type SealedSecret,
  shownSecrets,
} from '../../server/core/signing-secret.ts'

const base64 = (length: number): string => Buffer.alloc(length, 5).toString('base64')

describe('the base64 of bytes', () => {
  test('is read back, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  test('has one spelling', () => {
    fc.assert(
      fc.property(fc.oneof(fc.base64String(), fc.string()), (text) => {
        const bytes = decodeBase64(text)
        if (bytes !== null) expect(Buffer.from(bytes).toString('base64')).toBe(text)
      }),
    )
    expect(['YQ', 'YR==', 'YQ==\n', ' YQ==', 'Y_==', 'YQ=', '===='].map(decodeBase64)).toEqual(Array(7).fill(null))
  })
})

describe('a signing secret', () => {
  test.each([
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'v1', 24, null],
    [`whsec_${base64(64)}`, 'v1', 64, null],
    [`whsk_${base64(32)}`, 'v1a', 32, null],
    [`whsk_${base64(64)}`, 'v1a', 32, 32],
  ])('is read from %s', (text, version, length, publicLength) => {
    const secret = readSigningSecret(text)
    expect([secret?.version, secret?.bytes.length, secret?.publicKey?.length ?? null]).toEqual([
      version,
      length,
      publicLength,
    ])
  })

  test.each([
    '',
    'whsec_',
    `whsec_${base64(23)}`,
    `whsec_${base64(65)}`,
    `whsk_${base64(31)}`,
    `whsk_${base64(48)}`,
    `whpk_${base64(32)}`,
    `WHSEC_${base64(32)}`,
    `whsec_${base64(32)} `,
    `whsec_${base64(32).replace('=', '')}`,
    base64(32),
  ])('is not %j', (text) => expect(readSigningSecret(text)).toBeNull())

  test('is shown by its kind and its last four characters', () => {
    expect(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsk_${base64(32)}`].map(maskSecret)).toEqual([
      'whsec_****LaSw',
      'whsk_****BQU=',
    ])
  })

  test('with a public half that is of another key cannot sign', () => {
    const around = { secretOf: () => undefined, publicKeyOf: () => new Uint8Array(32).fill(5) }
    expect(faultOfSecret(`whsk_${base64(64)}`, around)).toBeNull()
    expect(faultOfSecret(`whsk_${base64(64)}`, { ...around, publicKeyOf: () => new Uint8Array(32) })).toBe(
      'its last 32 bytes are not the public key of its first 32',
    )
  })

  test('by its name is what the environment says', () => {
    const secrets = new Map([
      ['GOOD', `whsec_${base64(24)}`],
      ['OTHER', 'sk-live-1234567890'],
    ])
    const around = { secretOf: (name: string) => secrets.get(name), publicKeyOf: () => new Uint8Array(32) }
    const faults = ['GOOD', 'OTHER', 'NONE', 'KEY'].map((name) => faultOfSecret(`secret:${name}`, around))
    expect(faults).toEqual([
      null,
      expect.stringMatching(/^CREW_SECRET_OTHER: expected whsec_ with the base64 of 24 to 64 bytes, or whsk_/),
      'this server has no secret NONE: set CREW_SECRET_NONE, or CREW_SECRET_NONE_FILE, and start it again',
      'CREW_SECRET_KEY is the key that stored secrets are encrypted with: give this secret another name',
    ])
    expect(faults.join()).not.toContain('sk-live')
  })
})

describe('signing secrets in a request', () => {
  const policy = { canSeal: true, faultOf: (text: string) => (text.startsWith('bad') ? 'is bad' : null) }
  const parse = (value: unknown, canSeal = true) =>
    parseSigningSecrets(value, { pointer: '/s', policy: { ...policy, canSeal } })

  test('are none, one or two', () => {
    expect(parse(null).given).toEqual([])
    expect(parse('whsec_a').given).toEqual([{ kind: 'plain', text: 'whsec_a' }])
    expect(parse(['secret:A_1', 'whsec_****abc=']).given).toEqual([
      { kind: 'named', name: 'A_1' },
      { kind: 'shown', text: 'whsec_****abc=' },
    ])
  })

  test.each([
    [5, '/s'],
    [{}, '/s'],
    [[], '/s'],
    [['whsec_a', 'whsec_b', 'whsec_c'], '/s'],
    ['bad', '/s'],
    [['whsec_a', 'bad'], '/s/1'],
    [[null, 'whsec_a'], '/s/0'],
    [['whsec_a', 'whsec_a'], '/s/1'],
  ])('are not %j', (value, pointer) => {
    const { given, faults } = parse(value)
    expect([given, faults.map((fault) => fault.pointer)]).toEqual([[], [pointer]])
  })

  test('are taken by name alone where nothing can be encrypted, and the fault says what to do', () => {
    const { faults } = parse('whsec_a', false)
    expect(faults).toEqual([{ pointer: '/s', detail: expect.stringContaining('set CREW_SECRET_KEY') }])
    expect(faults[0]?.detail).toContain('secret:X')
    expect([parse('secret:A', false).faults, parse('whsec_****abcd', false).faults]).toEqual([[], []])
    expect(parse('bad', false).faults).toEqual([{ pointer: '/s', detail: 'is bad' }])
  })
})

describe('signing secrets that are kept', () => {
  const sealed = (shown: string, box: string): SealedSecret => ({ kind: 'sealed', shown, keyId: 'k', box })
  const keeper = {
    canSeal: true,
    faultOf: () => null,
    seal: (text: string) => sealed(maskSecret(text), `box of ${text}`),
    renew: (kept: KeptSecret) => (kept.kind === 'sealed' ? { ...kept, keyId: 'new' } : kept),
  }
  const keep = (wanted: readonly GivenSecret[], before: readonly KeptSecret[]) =>
    keepSecrets(wanted, { before, keeper, pointer: '/s' })
  const shown = (text: string): GivenSecret => ({ kind: 'shown', text })

  test('are encrypted, or names', () => {
    const wanted: GivenSecret[] = [
      { kind: 'plain', text: 'whsec_12345678' },
      { kind: 'named', name: 'A' },
    ]
    const { kept } = keep(wanted, [])
    expect(kept).toEqual([sealed('whsec_****5678', 'box of whsec_12345678'), { kind: 'named', name: 'A' }])
    expect(shownSecrets(kept)).toEqual(['whsec_****5678', 'secret:A'])
    expect([shownSecrets([]), shownSecrets(kept.slice(1))]).toEqual([null, 'secret:A'])
  })

  test('stay when what is shown of them comes back, in whatever order', () => {
    const before = [sealed('whsec_****aaaa', '1'), sealed('whsec_****bbbb', '2')]
    const boxes = (wanted: readonly GivenSecret[]) => keep(wanted, before).kept.map((one) => 'box' in one && one.box)
    expect(boxes([shown('whsec_****aaaa'), shown('whsec_****bbbb')])).toEqual(['1', '2'])
    expect(boxes([shown('whsec_****bbbb'), shown('whsec_****aaaa')])).toEqual(['2', '1'])
    expect(boxes([{ kind: 'plain', text: 'whsec_new' }, shown('whsec_****aaaa')])).toEqual(['box of whsec_new', '1'])
    expect(keep([shown('whsec_****aaaa')], before).kept).toMatchObject([{ keyId: 'new' }])
  })

  test('of two that look the same each stays in its place', () => {
    const before = [sealed('whsec_****aaaa', '1'), sealed('whsec_****aaaa', '2')]
    const { kept } = keep([shown('whsec_****aaaa'), shown('whsec_****aaaa')], before)
    expect(kept.map((one) => 'box' in one && one.box)).toEqual(['1', '2'])
  })

  test('are not made of what is shown of something else', () => {
    const { faults } = keep([{ kind: 'named', name: 'A' }, shown('whsec_****aaaa')], [{ kind: 'named', name: 'B' }])
    expect(faults).toEqual([{ pointer: '/s/1', detail: expect.stringContaining('no such secret is stored') }])
    expect(keep([shown('whsec_****aaaa')], []).faults).toMatchObject([{ pointer: '/s' }])
  })
})

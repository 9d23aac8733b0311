import { expect, test } from 'vitest'
import { type Signer, shownSignature, signatureHeaders, signedContent, UNSIGNED } from '../../server/core/signature.ts'

const signer = (version: Signer['version'], name: string): Signer => ({
  version,
  sign: (content) => `${name}(${content})`,
})
const parts = { id: 't_1', now: 1_614_265_330_999, body: '{"a":1}' }

test('a request without a signer has no headers more', () => {
  expect(signatureHeaders([], parts)).toEqual({ headers: [], signatures: [] })
})

test('a signature is of id, whole seconds and body; several are separated by a space, the newest first', () => {
  const { headers, signatures } = signatureHeaders([signer('v1', 'new'), signer('v1a', 'old')], parts)
  const content = 't_1.1614265330.{"a":1}'
  expect(headers).toEqual([
    'webhook-timestamp',
    '1614265330',
    'webhook-signature',
    `v1,new(${content}) v1a,old(${content})`,
  ])
  expect(signatures).toEqual([`new(${content})`, `old(${content})`])
})

test('what is signed of an id with dots is, split in another way, no JSON', () => {
  const content = signedContent({ id: 'x.1.2', timestamp: 3, body: '{}' })
  for (let dot = content.indexOf('.'); content.slice(0, dot) !== 'x.1.2'; dot = content.indexOf('.', dot + 1)) {
    const end = content.indexOf('.', dot + 1)
    expect(() => JSON.parse(content.slice(end + 1))).toThrow()
  }
})

test('where a request is shown there is no signature, only that there will be one', () => {
  const names = ['webhook-timestamp', '(set when sent)', 'webhook-signature', '(signed when sent)']
  expect(shownSignature(UNSIGNED)).toEqual([])
  expect(shownSignature({ ...UNSIGNED, signers: [signer('v1', 'a')] })).toEqual(names)
  expect(shownSignature({ ...UNSIGNED, problem: 'it is gone' })).toEqual(names)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseOperatorEdit } from '../../server/core/operator-edit.ts'
import { parseWorkerEdit, type SettingsPolicy } from '../../server/core/worker-edit.ts'

const policy: SettingsPolicy = {
  hasSecret: (name) => name === 'KEY',
  egressAllow: [],
  signingKeys: { canSeal: false, faultOf: () => null },
}

describe('an operator', () => {
  test('is read as the settings of the worker that is its channel', () => {
    const headers = { authorization: 'secret:KEY' }
    const url = 'https://example.com/x'
    const read = parseOperatorEdit({ channel: 'w', url, requestConfig: { headers }, isPaused: true }, null, policy)
    const { edit } = parseWorkerEdit({ url, headers, isPaused: true }, 'w', policy)
    expect(read).toEqual({ input: { channel: 'w', edit }, faults: [] })
  })

  test('points at its own fields and no others, whatever it is', () => {
    const own = /^(\/(channel|url|isPaused|requestConfig|id|_id|createdAt)(\/|$)|$)/
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('w', '*', 'http://10.0.0.1/', { headers: { a: 'secret:NO' } }),
    )
    const body = fc.record({ channel: value, url: value, requestConfig: value, isPaused: value }, { requiredKeys: [] })
    fc.assert(
      fc.property(body, fc.constantFrom(null, 'w'), (given, channel) => {
        for (const { pointer } of parseOperatorEdit(given, channel, policy).faults) expect(pointer).toMatch(own)
      }),
    )
  })
})

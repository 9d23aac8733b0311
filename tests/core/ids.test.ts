import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isId, isWorkerName, UUID_RANDOM_BYTES, uuidV7 } from '../../server/core/ids.ts'

const randomBytes = fc.uint8Array({ minLength: UUID_RANDOM_BYTES, maxLength: UUID_RANDOM_BYTES })
const time = fc.nat({ max: 2 ** 48 - 1 })

describe('isId', () => {
  test.each(['a', 'A.b_c:d-9', '-', 'x'.repeat(128)])('%s is an id', (text) => {
    expect(isId(text)).toBe(true)
  })

  test.each(['', 'x'.repeat(129), 'a b', 'a/b', 'é', 'a\n', '\na', 'a%2F', 7, null, undefined])(
    '%j is no id',
    (value) => {
      expect(isId(value)).toBe(false)
    },
  )
})

describe('isWorkerName', () => {
  test.each(['a', 'billing/send-mail', '~user/v1.2_x', 'a/', 'x'.repeat(256), '.'])('%s names a worker', (text) => {
    expect(isWorkerName(text)).toBe(true)
  })

  test.each(['', '/a', '..', 'a/../b', 'a..b', 'a:b', 'a?b', 'a b', 'a\n', 'x'.repeat(257), 7, null])(
    '%j names none',
    (value) => {
      expect(isWorkerName(value)).toBe(false)
    },
  )
})

describe('uuidV7', () => {
  test("it gives the example of RFC 9562's appendix A.6", () => {
    const randomBytes = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])
    expect(uuidV7({ now: 0x017f22e279b0, randomBytes })).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
  })

  test('it has the shape of version 7 and is an id', () => {
    fc.assert(
      fc.property(time, randomBytes, (now, randomBytes) => {
        const id = uuidV7({ now, randomBytes })
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(isId(id)).toBe(true)
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
      }),
    )
  })

  test('an id made later sorts later', () => {
    fc.assert(
      fc.property(fc.uniqueArray(time, { minLength: 2, maxLength: 2 }), randomBytes, randomBytes, (times, one, two) => {
        const [earlier = 0, later = 0] = times.toSorted((a, b) => a - b)
        expect(uuidV7({ now: earlier, randomBytes: one }) < uuidV7({ now: later, randomBytes: two })).toBe(true)
      }),
    )
  })

  test('different random bits give different ids, all 74 of them', () => {
    const zero = uuidV7({ now: 1, randomBytes: new Uint8Array(10) })
    const ids = new Set<string>()
    for (let bit = 0; bit < 80; bit++) {
      const bytes = new Uint8Array(10)
      bytes[bit >> 3] = 1 << (bit & 7)
      ids.add(uuidV7({ now: 1, randomBytes: bytes }))
    }
    ids.delete(zero)
    expect(ids.size).toBe(74)
  })

  test('fractions of a millisecond and times before 1970 are no trouble', () => {
    const bytes = new Uint8Array(10)
    expect(uuidV7({ now: 1.9, randomBytes: bytes })).toBe('00000000-0001-7000-8000-000000000000')
    expect(uuidV7({ now: -5, randomBytes: bytes })).toBe('00000000-0000-7000-8000-000000000000')
  })

  test('too few random bytes are refused', () => {
    expect(() => uuidV7({ now: 1, randomBytes: new Uint8Array(9) })).toThrow('a UUID takes 10 random bytes, got 9')
  })
})

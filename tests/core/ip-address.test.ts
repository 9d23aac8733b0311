import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInRange, parseIp, parseRange } from '../../server/core/ip-address.ts'

const zeros = (count: number) => new Array<number>(count).fill(0)

describe('an address', () => {
  test.each([
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.10.1.9', [255, 10, 1, 9]],
    ['::', zeros(16)],
    ['::1', [...zeros(15), 1]],
    ['1::', [0, 1, ...zeros(14)]],
    ['2001:db8::8a2e:370:7334', [0x20, 1, 0x0d, 0xb8, ...zeros(6), 0x8a, 0x2e, 3, 0x70, 0x73, 0x34]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['::FFFF:127.0.0.1', [...zeros(10), 255, 255, 127, 0, 0, 1]],
    ['64:ff9b::10.0.0.1', [0, 0x64, 0xff, 0x9b, ...zeros(8), 10, 0, 0, 1]],
  ])('%s is read', (text, bytes) => expect(parseIp(text)).toEqual(bytes))

  test.each([
    ...[
      '',
      '1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '0177.0.0.1',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '1.2.3.-1',
      ' 1.2.3.4',
    ],
    ...[
      '01.2.3.4',
      '１.2.3.4',
      '1.2.3.4\n',
      '1:2',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      'g::',
      '12345::',
    ],
    ...['fe80::1%eth0', '[::1]', '::1.2.3', '1.2.3.4::', '::ffff:1.2.3.4:5', 'example.com', '1:2:3:4:5:6:7::8'],
  ])('%j is none', (text) => expect(parseIp(text)).toBeNull())
})

describe('a range', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['172.16.0.0/12', '172.31.255.255', '172.32.0.0'],
    ['192.168.1.7', '192.168.1.7', '192.168.1.8'],
    ['fc00::/7', 'fdff::1', 'fe00::'],
    ['::1', '::1', '::2'],
    ['0.0.0.0/0', '8.8.8.8', '::'],
    ['::/0', '2000::', '8.8.8.8'],
  ])('%s holds %s and not %s', (text, inside, outside) => {
    const range = parseRange(text)
    const isIn = (address: string) => range && isInRange(parseIp(address) ?? [], range)
    expect([isIn(inside), isIn(outside)]).toEqual([true, false])
  })

  test.each([
    '10.0.0.1/8',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '/8',
    'fc00::/07',
    '10.0.0.0/1e1',
  ])('%s is none', (text) => expect(parseRange(text)).toBeNull())

  test('holds an address when and only when they begin with the same bits', () => {
    const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 })
    const bitsOf = (address: readonly number[]) => address.map((byte) => byte.toString(2).padStart(8, '0')).join('')
    const cases = fc.property(bytes, bytes, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
      const prefix = bitsOf(a).slice(0, bits).padEnd(32, '0')
      const masked = [0, 8, 16, 24].map((at) => Number.parseInt(prefix.slice(at, at + 8), 2))
      const range = parseRange(`${masked.join('.')}/${bits}`)
      expect(range && isInRange(b, range)).toBe(bitsOf(b).startsWith(prefix.slice(0, bits)))
    })
    fc.assert(cases, { numRuns: 500 })
  })
})

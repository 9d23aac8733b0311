import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientAddress, placeOf } from '../../server/core/client-address.ts'
import { type IpRange, parseRange } from '../../server/core/ip-address.ts'

const proxies: IpRange[] = ['10.0.0.0/8', 'fd00::/8', '::ffff:192.0.2.9', '::ffff:198.18.0.0/111'].flatMap(
  (text) => parseRange(text) ?? [],
)
const client = (peer: string, forwardedFor?: string): string => clientAddress({ peer, forwardedFor, proxies })

describe('who asked', () => {
  test.each([
    ['nobody stands in between', '203.0.113.7', undefined, '203.0.113.7'],
    ['a stranger claims to be somebody else', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['a proxy tells it', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a proxy tells it after what was claimed', '10.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['two proxies stand in between', '10.0.0.1', '198.51.100.1, 203.0.113.7 , 10.0.0.2', '203.0.113.7'],
    ['a proxy tells nothing', '10.0.0.1', '', '10.0.0.1'],
    ['a proxy tells nonsense', '10.0.0.1', '203.0.113.7, unknown', '10.0.0.1'],
    ['there are only proxies', '10.0.0.1', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['the socket is of IPv6 as well', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['the proxy is of IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
    ['the proxy was named as the socket tells it', '::ffff:192.0.2.9', '203.0.113.7', '203.0.113.7'],
    ['many were named so', '198.19.0.1', '203.0.113.7, 198.18.255.1', '203.0.113.7'],
    ['others are not meant by it', '192.0.2.10', '203.0.113.7', '192.0.2.10'],
    ['ports are told', '10.0.0.1', '[2001:db8::7]:4711, 10.0.0.2:80', '2001:db8::7'],
  ])('is known when %s', (_, peer, forwardedFor, who) => expect(client(peer, forwardedFor)).toBe(who))

  test('does not hang on anything that he writes himself', () => {
    const claims = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()))
    fc.assert(
      fc.property(claims, (claimed) => {
        const written = claimed.join(',')
        expect(client('203.0.113.7', written)).toBe('203.0.113.7')
        expect(client('10.0.0.1', `${written},203.0.113.7`)).toBe('203.0.113.7')
      }),
    )
  })
})

describe('a place', () => {
  test.each([
    ['203.0.113.7', '203.0.113.8', false],
    ['203.0.113.7', '::ffff:203.0.113.7', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2%eth1', true],
    ['nothing', 'else', false],
  ])('of %s and %s is the same: %s', (one, other, isSame) => expect(placeOf(one) === placeOf(other)).toBe(isSame))
})

import { describe, expect, test } from 'vitest'
import { mayConnectTo, mayName } from '../../server/core/egress.ts'
import { type IpRange, parseRange } from '../../server/core/ip-address.ts'

const ranges = (...texts: string[]): IpRange[] => texts.flatMap((text) => parseRange(text) ?? [])

/** The first and the last address of what is denied, and of what is beside it. */
const denied = [
  ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.0.0.1', '10.255.255.255', '100.64.0.0', '100.127.255.255'],
  ...['127.0.0.0', '127.0.0.1', '127.255.255.255', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ...['172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.1', '192.0.0.255', '192.0.2.1', '192.88.99.1'],
  ...['192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.255'],
  ...['224.0.0.0', '224.0.0.1', '239.255.255.255', '240.0.0.0', '255.255.255.255', '168.63.129.16', '100.100.100.200'],
  ...['::', '::1', '::2', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1', '64:ff9b::a00:1'],
  ...['64:ff9b::8.8.8.8', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:53aa:64c::1', '2001:db8::1', '2002:7f00:1::'],
  ...[
    '2002:808:808::',
    '3fff::1',
    '5f00::1',
    'fc00::',
    'fd00:ec2::254',
    'fdff:ffff::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
  ],
  ...['ff00::', 'ff02::1', '4000::1', '1fff::1'],
]
const allowed = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ],
  ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.0.3.0', '192.167.255.255'],
  ...['192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2001:4860:4860::8888', '2606:4700::1111'],
  ...['2000::1', '2001:200::1', '2001:dba::1', '2003::1', '3ffe::1'],
]
/** They are read as names by nobody who connects, but a check must not let them through. */
const noAddress = ['', 'example.com', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', 'fe80::1%eth0', '1.2.3.4:80']

describe('without CREW_EGRESS_ALLOW', () => {
  test.each(denied)('%s may not be called', (address) => expect(mayConnectTo(address, [])).toBe(false))
  test.each(allowed)('%s may be called', (address) => expect(mayConnectTo(address, [])).toBe(true))
  test.each(noAddress)('%j, which is no address, may not be called', (text) =>
    expect(mayConnectTo(text, [])).toBe(false),
  )
})

describe('with CREW_EGRESS_ALLOW', () => {
  test('what is in a range may be called, and nothing beside it', () => {
    const some = ranges('10.1.0.0/16', 'fd00::/64', '127.0.0.1')
    const may = (address: string) => mayConnectTo(address, some)
    expect(['10.1.2.3', 'fd00::5', '127.0.0.1', '8.8.8.8'].map(may)).toEqual([true, true, true, true])
    expect(['10.2.0.0', 'fd00:0:0:1::', '127.0.0.2', '::ffff:10.1.2.3'].map(may)).toEqual([false, false, false, false])
  })

  test('metadata of a cloud is only allowed by its own address', () => {
    const all = ranges('0.0.0.0/0', '::/0')
    for (const address of ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254']) {
      expect(mayConnectTo(address, all)).toBe(false)
      expect(mayConnectTo(address, ranges(address))).toBe(true)
    }
    expect(mayConnectTo('169.254.1.1', all)).toBe(true)
    for (const address of ['::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '::169.254.169.254', '2002:a9fe:a9fe::']) {
      expect(mayConnectTo(address, all)).toBe(false)
      expect(mayConnectTo(address, ranges(address))).toBe(true)
    }
    expect(mayConnectTo('::ffff:8.8.8.8', all)).toBe(true)
  })
})

describe('the host of a URL', () => {
  const hostOf = (text: string) => new URL(`http://${text}/`).hostname

  test.each([
    ...['127.0.0.1', '0x7f.1', '2130706433', '0177.0.0.1', '127.1', '①②⑦.0.0.1', '127.0.0.1.', '0', '[::1]', '[::]'],
    ...[
      '[::ffff:7f00:1]',
      '[::ffff:127.0.0.1]',
      '[0:0:0:0:0:0:0:1]',
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
    ],
    ...['169.254.169.254', '0xa9fea9fe', '10.1.1.1', '[fd00::1]', '[fe80::1]', '%31%32%37.0.0.1', '127。0。0。1'],
  ])('%s may not be named', (text) => expect(mayName(hostOf(text), [])).toBe(false))

  test.each([
    'example.com',
    '8.8.8.8',
    '[2606:4700::1111]',
    'localhost.example.com',
    '10.example.com',
    'xn--bcher-kva.example',
  ])('%s may be named', (text) => expect(mayName(hostOf(text), [])).toBe(true))

  test('localhost may be named where loopback is allowed', () => {
    expect(mayName('localhost', ranges('127.0.0.0/8'))).toBe(true)
    expect(mayName('[::1]', ranges('::1'))).toBe(true)
  })
})

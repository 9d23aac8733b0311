import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OpenConnections } from '../../server/http-server.ts'

test('one network has as many connections as it may, and others theirs', () => {
  const connections = new OpenConnections({ maxConnections: 5, maxConnectionsPerAddress: 2, trustedProxies: null })
  const take = (address: string) => connections.take(address) !== null
  expect([take('192.0.2.1'), take('192.0.2.1'), take('192.0.2.1')]).toEqual([true, true, false])
  expect([take('2001:db8::1'), take('2001:db8::2'), take('2001:db8::3')]).toEqual([true, true, false])
  expect([take('2001:db8:0:1::1'), take('198.51.100.1')]).toEqual([true, false])
})

test('an address of IPv4 is the same one in the notation of IPv6', () => {
  const connections = new OpenConnections({ maxConnections: 10, maxConnectionsPerAddress: 1, trustedProxies: null })
  expect(connections.take('192.0.2.1')).not.toBeNull()
  expect(connections.take('::ffff:192.0.2.1')).toBeNull()
  expect(connections.take('::ffff:192.0.2.2')).not.toBeNull()
})

test('a trusted proxy is many clients: only all connections together are too many', () => {
  const proxies = [{ address: [10, 0, 0, 0], bits: 8 }]
  const connections = new OpenConnections({ maxConnections: 4, maxConnectionsPerAddress: 1, trustedProxies: proxies })
  const take = (address: string) => connections.take(address) !== null
  expect([take('10.0.0.1'), take('::ffff:10.0.0.1'), take('10.0.0.1')]).toEqual([true, true, true])
  expect([take('192.0.2.1'), take('10.0.0.1')]).toEqual([true, false])
})

test('given back twice it counts once', () => {
  const connections = new OpenConnections({ maxConnections: 2, maxConnectionsPerAddress: 2, trustedProxies: null })
  const [first] = [connections.take('a'), connections.take('a')]
  first?.()
  first?.()
  expect(connections.take('a')).not.toBeNull()
  expect(connections.take('a')).toBeNull()
})

test('whatever comes and goes, there are never more than allowed, and room is never refused', () => {
  const step = fc.record({ address: fc.constantFrom('192.0.2.1', '192.0.2.2', '::1'), isGoing: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const connections = new OpenConnections({ maxConnections: 6, maxConnectionsPerAddress: 3, trustedProxies: null })
      const open: { address: string; giveBack: () => void }[] = []
      for (const { address, isGoing } of steps) {
        if (isGoing) {
          open.shift()?.giveBack()
          continue
        }
        const mayCome = open.length < 6 && open.filter((each) => each.address === address).length < 3
        const giveBack = connections.take(address)
        expect(giveBack !== null).toBe(mayCome)
        if (giveBack) open.push({ address, giveBack })
      }
    }),
  )
})

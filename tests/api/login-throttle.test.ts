import { describe, expect, test } from 'vitest'
import { createLoginThrottle } from '../../server/api/auth/login-throttle.ts'
import { RetryLaterError } from '../../server/api/retry-later-error.ts'
import { parseRange } from '../../server/core/ip-address.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { expectProblem, makeApi } from './make-api.ts'

function makeThrottle() {
  const clock = simulatedClock()
  const throttle = createLoginThrottle({ clock })
  /** 0: it was let through; else how long to wait, in seconds. */
  const fail = (user = 'admin', address = '192.0.2.1'): number => {
    try {
      throttle.begin(user, address)
      return 0
    } catch (error) {
      if (error instanceof RetryLaterError) return error.retryAfterSeconds
      throw error
    }
  }
  const failTimes = (times: number, ...who: [user?: string, address?: string]): number[] =>
    Array.from({ length: times }, () => fail(...who))
  return { clock, throttle, fail, failTimes }
}

const minutes = (count: number): number => count * 60_000

describe('who guesses', () => {
  test('waits a minute after five failures, and twice as long each time, up to a quarter of an hour', () => {
    const { clock, fail, failTimes } = makeThrottle()
    const waits: number[] = []
    for (let round = 0; round < 7; round++) {
      expect(failTimes(5)).toEqual([0, 0, 0, 0, 0])
      waits.push(fail())
      clock.advance((waits.at(-1) ?? 0) * 1000)
    }
    expect(waits).toEqual([60, 120, 240, 480, 900, 900, 900])
  })

  test('begins anew after a quarter of an hour of quiet, and when he did not use up his tries', () => {
    const { clock, fail, failTimes } = makeThrottle()
    failTimes(6)
    clock.advance(minutes(1) + minutes(15))
    failTimes(5)
    expect(fail()).toBe(60)
    clock.advance(minutes(1))
    failTimes(4)
    clock.advance(minutes(2))
    failTimes(5)
    expect(fail()).toBe(60)
  })

  test('from a network of IPv6 has no more tries with another of its addresses', () => {
    const { fail } = makeThrottle()
    const waits = Array.from({ length: 21 }, (_, i) => fail(`user${i}`, `2001:db8:1:2::${i.toString(16)}`))
    expect(waits).toEqual([...Array(20).fill(0), 60])
    expect(fail('user', '2001:db8:1:3::1')).toBe(0)
  })

  test('one name takes no tries from others at his place once he has to wait', () => {
    const { failTimes } = makeThrottle()
    failTimes(100, 'stubborn')
    expect(failTimes(5, 'another')).toEqual([0, 0, 0, 0, 0])
  })

  test('does not wait for ever when the clock is put back', () => {
    const { clock, failTimes, fail } = makeThrottle()
    failTimes(5)
    clock.advance(-minutes(60))
    expect(fail()).toBe(0)
  })
})

test('who knows the password is never slowed down, however many log in at one place', () => {
  const { throttle, fail } = makeThrottle()
  for (let i = 0; i < 100; i++) throttle.begin('admin', '192.0.2.1').succeed()
  expect(fail()).toBe(0)
})

describe('behind a proxy', () => {
  const wrong = { username: 'admin', password: 'wrong' }
  const from = (address: string) => ({ body: wrong, headers: { authorization: '', 'x-forwarded-for': address } })

  test('that is trusted everybody has his own tries, whatever he says himself', async () => {
    // What injected requests come from.
    const trustedProxies = [parseRange('127.0.0.1')].flatMap((range) => range ?? [])
    const api = await makeApi({ trustedProxies })
    for (let i = 0; i < 5; i++) {
      expectProblem(await api.call('POST', '/login', from(`198.51.100.${i}, 203.0.113.7`)), 401, 'login_failed')
    }
    expectProblem(await api.call('POST', '/login', from('203.0.113.7')), 429, 'too_many_requests')
    expectProblem(await api.call('POST', '/login', from('203.0.113.8')), 401, 'login_failed')
  })

  test('that nobody trusts what it says is not believed', async () => {
    const api = await makeApi()
    for (let i = 0; i < 5; i++)
      expectProblem(await api.call('POST', '/login', from(`203.0.113.${i}`)), 401, 'login_failed')
    expectProblem(await api.call('POST', '/login', from('203.0.113.9')), 429, 'too_many_requests')
  })
})

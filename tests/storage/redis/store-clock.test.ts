import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreClock } from '../../../storage/redis/store-clock.ts'

function makeClock(wallAt = 1_000_000) {
  const machine = { wall: wallAt, elapsed: 0 }
  const clock = new StoreClock({ clock: { now: () => machine.wall }, elapsed: () => machine.elapsed })
  const pass = (ms: number): void => {
    machine.wall += ms
    machine.elapsed += ms
  }
  return { clock, machine, pass }
}

test('a step of the clock of the machine moves nothing', () => {
  const { clock, machine, pass } = makeClock()
  pass(500)
  machine.wall += 3_600_000
  expect(clock.now()).toBe(1_000_500)
  machine.wall -= 7_200_000
  pass(500)
  expect(clock.now()).toBe(1_001_000)
})

test('what Redis tells is believed where it cannot be otherwise, and not for what the way there may have taken', () => {
  const { clock, pass } = makeClock()
  const askedAt = clock.asks()
  pass(1000)
  clock.heard(1_000_700, { askedAt, from: '{c0}' })
  expect(clock.now()).toBe(1_001_000)
  clock.heard(1_061_000, { askedAt: clock.asks(), from: '{c0}' })
  expect(clock.now()).toBe(1_061_000)
})

test('after any steps of Redis the next word of it puts the clock right, but for the way and the tolerance', () => {
  const step = fc.record({ byMs: fc.integer({ min: -4_000_000, max: 4_000_000 }), wayMs: fc.nat({ max: 2000 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const { clock, machine, pass } = makeClock()
      let aheadMs = 0
      for (const { byMs, wayMs } of steps) {
        aheadMs += byMs
        const askedAt = clock.asks()
        pass(wayMs / 2)
        const told = machine.wall + aheadMs
        pass(wayMs / 2)
        clock.heard(told, { askedAt, from: '{c0}' })
        expect(Math.abs(clock.now() - (machine.wall + aheadMs))).toBeLessThanOrEqual(wayMs + 251)
      }
    }),
  )
})

/** As many partitions as a Cluster has, each on the next master. */
const partitions = Array.from({ length: 16 }, (_, n) => n)

function hearAll(clock: StoreClock, timeOf: (master: number) => number): void {
  for (const n of partitions) clock.heard(timeOf(n % 3), { askedAt: clock.asks(), from: `{c${n}}` })
}

test('where masters are seconds apart the time is the middle one, whoever is asked last', () => {
  const { clock, machine, pass } = makeClock()
  const timeOf = (master: number) => machine.wall + (master - 1) * 4000
  hearAll(clock, timeOf)
  for (const n of partitions) {
    pass(100)
    clock.heard(timeOf(n % 3), { askedAt: clock.asks(), from: `{c${n}}` })
    expect(clock.now()).toBe(machine.wall)
  }
})

test('a master whose clock is an hour off moves nothing, and a step of all is followed', () => {
  const { clock, machine } = makeClock()
  hearAll(clock, () => machine.wall)
  hearAll(clock, (master) => machine.wall + (master === 2 ? 3_600_000 : 0))
  expect(clock.now()).toBe(machine.wall)
  hearAll(clock, () => machine.wall - 60_000)
  expect(clock.now()).toBe(machine.wall - 60_000)
})

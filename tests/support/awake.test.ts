import { expect, test } from 'vitest'
import { awakeMs } from './awake.ts'

const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('time in which the process stood still is left out, as far as it is within what is asked for', async () => {
  const from = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 30))
  const stoodStillAt = performance.now()
  standStill(300)
  const until = performance.now()
  expect(until - from - awakeMs(from, until)).toBeGreaterThan(250)
  expect(awakeMs(from, until)).toBeGreaterThan(0)
  expect(stoodStillAt + 100 - from - awakeMs(from, stoodStillAt + 100)).toBeGreaterThan(50)
  expect(awakeMs(until + 1000, until + 1100)).toBe(100)
})

import { afterEach, expect, test, vi } from 'vitest'
import { newId, newTraceparent, systemClock, systemEvery, systemTimers } from '../../server/system-clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('ids are UUIDs of version 7, each its own', () => {
  const ids = Array.from({ length: 2000 }, newId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16)).toBeGreaterThan(
    systemClock.now() - 60_000,
  )
})

test('traces are of the form of W3C trace context, each its own', () => {
  const traces = Array.from({ length: 2000 }, newTraceparent)
  expect(new Set(traces).size).toBe(traces.length)
  for (const trace of traces) expect(trace).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/)
})

test('a timer further away than setTimeout can count fires at its time', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  const days = 86_400_000
  systemTimers.after(60 * days, run)
  vi.advanceTimersByTime(60 * days - 1)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledTimes(1)
})

test('a cancelled timer never fires, also after its first step', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  const days = 86_400_000
  const cancel = systemTimers.after(60 * days, run)
  vi.advanceTimersByTime(50 * days)
  cancel()
  vi.advanceTimersByTime(50 * days)
  expect(run).not.toHaveBeenCalled()
})

test('what comes soon comes after what this turn still asks for', async () => {
  const order: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  systemTimers.soon(() => {
    order.push('soon')
    resolve()
  })
  void Promise.resolve().then(() => order.push('this turn'))
  order.push('now')
  await promise
  expect(order).toEqual(['now', 'this turn', 'soon'])
})

test('what is repeated goes on until it is stopped', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  const stop = systemEvery(100, run)
  vi.advanceTimersByTime(350)
  stop()
  vi.advanceTimersByTime(350)
  expect(run).toHaveBeenCalledTimes(3)
})

import { describe, expect, test } from 'vitest'
import { type Gate, NO_LIMITS, openGate } from '../../server/core/gate.ts'
import { viewGate } from '../../server/core/gate-view.ts'
import { NOW } from '../support/attempts.ts'

const gate = (fields: Partial<Gate> = {}): Gate => ({ ...openGate('workgroup', 'ads'), ...fields })
const open = { window: null, pace: null, nextStartAt: null, bound: null }

describe('a gate as people see it', () => {
  test('is open where nothing bounds it', () => {
    expect(viewGate(gate(), NOW)).toEqual(open)
  })

  test('names nothing in the way while one may start', () => {
    const limits = { ...NO_LIMITS, maxConcurrent: 2 }
    expect(viewGate(gate({ limits, leases: 1 }), NOW)).toEqual(open)
    expect(viewGate(gate({ limits, leases: 2 }), NOW)).toEqual({ ...open, bound: 'concurrency' })
  })

  test('says until when it is held', () => {
    expect(viewGate(gate({ heldUntil: NOW + 5 }), NOW)).toMatchObject({ bound: 'hold', nextStartAt: NOW + 5 })
  })

  test('says when the rate lets the next one start', () => {
    const limits = { ...NO_LIMITS, rate: { count: 1, perMs: 1000, burst: 1 } }
    expect(viewGate(gate({ limits, rateClock: NOW - 300 }), NOW)).toMatchObject({
      bound: 'rate',
      nextStartAt: NOW + 700,
    })
  })

  test('shows its window while it opens step by step', () => {
    const ramp = { from: NOW - 2500, base: 1, isSpaced: true }
    expect(viewGate(gate({ ramp }), NOW).window).toBe(4)
  })

  test('shows the pace until the limit is new, then the later one, then none', () => {
    const pace = { intervalMs: 200, until: NOW + 10, laterIntervalMs: 50, expiresAt: NOW + 20 }
    expect(viewGate(gate({ pace }), NOW).pace).toEqual({ perSecond: 5, until: NOW + 10 })
    expect(viewGate(gate({ pace }), NOW + 10).pace).toEqual({ perSecond: 20, until: NOW + 20 })
    expect(viewGate(gate({ pace }), NOW + 20).pace).toBe(null)
    expect(viewGate(gate({ pace: { ...pace, laterIntervalMs: 0 } }), NOW + 10).pace).toBe(null)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Room } from '../../server/api/room.ts'

/** Whether it has been entered by now. */
async function isIn({ entered }: { readonly entered: Promise<void> }): Promise<boolean> {
  return Promise.race([entered.then(() => true), new Promise<boolean>((no) => setImmediate(() => no(false)))])
}

describe('a room', () => {
  test('lets in what fits, and the next when somebody leaves, in turn', async () => {
    const room = new Room(10)
    const [first, large, small] = [room.enter(6), room.enter(5), room.enter(1)]
    expect([await isIn(first), await isIn(large), await isIn(small)]).toEqual([true, false, false])
    first.leave()
    expect([await isIn(large), await isIn(small)]).toEqual([true, true])
  })

  test('is taken whole by what is larger than it', async () => {
    const room = new Room(10)
    const [huge, small] = [room.enter(100), room.enter(1)]
    expect([await isIn(huge), await isIn(small)]).toEqual([true, false])
    huge.leave()
    expect(await isIn(small)).toBe(true)
  })

  test('forgets who leaves before there was room, and counts nobody twice who leaves again', async () => {
    const room = new Room(10)
    const [first, gone, last] = [room.enter(10), room.enter(10), room.enter(10)]
    gone.leave()
    first.leave()
    first.leave()
    expect([await isIn(gone), await isIn(last), await isIn(room.enter(1))]).toEqual([false, true, false])
  })

  test('is never over-full, and empty when all have left', async () => {
    const visits = fc.array(fc.record({ size: fc.integer({ min: 1, max: 15 }), leaves: fc.nat(5) }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(visits, async (all) => {
        const room = new Room(10)
        const places: { place: ReturnType<Room['enter']>; size: number }[] = []
        for (const { size, leaves } of all) {
          places.push({ place: room.enter(size), size: Math.min(size, 10) })
          if (leaves < places.length) places.splice(leaves, 1)[0]?.place.leave()
          const inside = await Promise.all(places.map(async (one) => ((await isIn(one.place)) ? one.size : 0)))
          expect(inside.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(10)
        }
        for (const { place } of places) place.leave()
        expect(await isIn(room.enter(10))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

import { expect, test } from 'vitest'
import { inTurns, slicesOf } from '../../../storage/redis/slices.ts'

test('slices of very many are worked on a few at a time, and answered in order', async () => {
  const slices = slicesOf(
    Array.from({ length: 100 }, (_, n) => n),
    3,
  )
  let [under, most] = [0, 0]
  const firsts = await inTurns(slices, async ([first]) => {
    under++
    most = Math.max(most, under)
    await Promise.resolve()
    under--
    return first
  })
  expect(firsts).toEqual(slices.map(([first]) => first))
  expect(most).toBe(8)
})

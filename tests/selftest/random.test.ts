import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GroupPlans } from '../../server/selftest/group-plans.ts'
import { seededStreams } from '../../server/selftest/random.ts'

const plansOf = (seed: number) => {
  const plans = new GroupPlans(seededStreams(seed).plans, 'p-')
  return Array.from({ length: 10 }, () => plans.next())
}

test('a seed chooses the same groups again, however many POSTs the worker had', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(20), (seed, posts) => {
      const streams = seededStreams(seed)
      for (let post = 0; post < posts; post++) streams.worker.next()
      const plans = new GroupPlans(streams.plans, 'p-')
      expect(Array.from({ length: 10 }, () => plans.next())).toEqual(plansOf(seed))
    }),
    { numRuns: 30 },
  )
})

test('every task of a group has an id of its own and parents before it in its own request', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      for (const { creations, size } of plansOf(seed)) {
        const tasks = creations.flatMap((creation) => creation.tasks)
        expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length)
        expect(size).toBeGreaterThanOrEqual(tasks.length)
        for (const { tasks: asked } of creations) {
          const known = new Set(asked.map(({ id }) => id))
          expect(asked.flatMap(({ parentIds = [] }) => parentIds).filter((id) => !known.has(id))).toEqual([])
        }
      }
    }),
    { numRuns: 30 },
  )
})

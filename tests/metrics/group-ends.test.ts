import { expect, test } from 'vitest'
import { GroupEnds } from '../../server/metrics/group-ends.ts'
import { createRegistry } from '../../server/metrics/registry.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'

test('ends of groups are looked for also when the clock was set back an hour', async () => {
  const real = simulatedClock()
  const timers = simulatedTimers(real)
  let aheadMs = 3_600_000
  const looked: string[] = []
  const storage = {
    getGroup: async (id: string) => {
      looked.push(id)
      return null
    },
    createRecord: async () => null,
  }
  const clock = { now: () => real.now() + aheadMs }
  const ends = new GroupEnds({ storage, clock, timers, random: () => 0, registry: createRegistry(), onGroupEnd() {} })
  ends.note('before')
  aheadMs = 0
  ends.note('after')
  await timers.advance(3000)
  expect(looked).toEqual(['before', 'after'])
})

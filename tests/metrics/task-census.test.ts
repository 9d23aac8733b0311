import { expect, test } from 'vitest'
import type { CountedGroup } from '../../server/core/task-group.ts'
import { TaskCensus } from '../../server/metrics/task-census.ts'
import { makeGroup } from '../support/make.ts'

const group: CountedGroup = {
  ...makeGroup(),
  counts: { succeeded: 0, running: 0, failed: 3, paused: 0, blocked: 0, waiting: 0 },
  waiting: { scheduled: 0, retrying: 0, throttled: 0 },
  weightTotal: 0,
  weightDone: 0,
}

test('a page that could not be read is read again, and none is left out of a count', async () => {
  const pages: number[] = []
  const census = new TaskCensus({
    listGroups: async ({ page }) => {
      pages.push(page)
      if (pages.length === 1) throw new Error('away')
      return { groups: [group], count: 1 }
    },
  })
  await expect(census.turn(0)).rejects.toThrow('away')
  expect((await census.turn(1000))?.states.failed).toBe(3)
  expect(pages).toEqual([1, 1])
})

import { expect, test } from 'vitest'
import { readOverview } from '../../server/services/overview.ts'
import { Turns } from '../../server/services/turns.ts'
import { holdWorkgroup } from '../../server/services/workgroups.ts'
import { read } from '../support/attempts.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { openServiceWorld } from '../support/service-world.ts'
import { makeDirectory } from '../support/worker-directory.ts'

test('an overview tells groups, holds, what runs and how fast it goes', async () => {
  const world = await openServiceWorld()
  const { directory, figures } = makeDirectory(world)
  const context = { ...world.context, directory, settingsTurns: new Turns(), outside: nobodyOutside }
  await world.graph([{ id: 'a' }, { id: 'b', remainingAttempts: 0 }])
  await world.graph([], { id: 'empty' })
  await world.claim()
  const now = world.clock.now()
  await holdWorkgroup(context, 'ads', { until: now + 1000, reason: 'test' })
  for (const worker of ['v', 'w', 'w']) {
    const outcome = read({ output: 1 })
    figures.record({ id: 'a', worker }, { outcome, startedAt: now - 5, endedAt: now, statusCode: 200 })
  }
  expect(await readOverview(context)).toEqual({
    groups: { empty: 1, active: 1, paused: 0, succeeded: 0, failed: 0, failing: 1 },
    heldWorkgroups: 1,
    runningTasks: 1,
    attemptsPerMinute: 3 / 5,
  })
  world.clock.advance(1000)
  expect((await readOverview(context)).heldWorkgroups).toBe(0)
})

import { describe, expect, test } from 'vitest'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'

const HOUR = 3_600_000

/** What a worker answers that wants to be called again in an hour. */
const again = (name: string, runAfter: number) =>
  answer({ output: null, children: [{ id: name, worker: 'w', runAfter: new Date(runAfter).toISOString() }] })

describe('a task that asks for itself again', () => {
  test('is called at the time it asked for, again and again, each after the one before', async () => {
    const world = await openControllerWorld()
    const start = world.clock.now()
    await world.graph([{ id: 'tick-0' }])
    await world.advance()
    for (const round of [1, 2, 3]) {
      await world.reply(`tick-${round - 1}`, again(`tick-${round}`, start + round * HOUR))
      expect(world.workers.openIds).toEqual([])
      await world.timers.jump(start + round * HOUR - world.clock.now() - 1)
      expect(world.workers.openIds).toEqual([])
      await world.advance(1001)
      expect(world.workers.openIds).toEqual([`tick-${round}`])
    }
    expect(await world.load('tick-3')).toMatchObject({ parentIds: ['tick-2'], createdBy: 'tick-2' })
  })

  test('goes on with the delay of its retries when it fails, and then at the time it asks for', async () => {
    const world = await openControllerWorld()
    const start = world.clock.now()
    await world.graph([{ id: 'tick-0', errorDelayInSeconds: 10 }])
    await world.advance()
    await world.reply('tick-0', answer({ error: 'no' }))
    await world.advance(10_000)
    await world.reply('tick-0', again('tick-1', start + HOUR))
    await world.timers.jump(HOUR)
    await world.advance(1000)
    expect(world.workers.openIds).toEqual(['tick-1'])
  })

  test('comes once also when its answer is given twice, and ends when it asks for nothing', async () => {
    const world = await openControllerWorld()
    const start = world.clock.now()
    await world.graph([{ id: 'tick-0' }])
    await world.advance()
    const call = world.workers.call('tick-0')
    await world.reply('tick-0', again('tick-1', start + HOUR))
    call.reply(again('tick-1', start + HOUR))
    await world.advance(HOUR + 1000)
    await world.reply('tick-1', answer({ output: 1 }))
    await world.advance(HOUR)
    expect(world.workers.calls.map(({ taskId }) => taskId)).toEqual(['tick-0', 'tick-1'])
    expect((await world.storage.getGroup('g'))?.counts).toMatchObject({ succeeded: 2, waiting: 0 })
  })
})

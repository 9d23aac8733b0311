import { describe, expect, test } from 'vitest'
import type { ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import { createTask } from '../../server/services/tasks.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { settle } from '../support/simulated-timers.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

/** A storage whose commits fail, wait or are lost as the test says. */
function troubledStorage() {
  const waiting: (() => void)[] = []
  const state = {
    mode: 'fine' as 'fine' | 'fails' | 'appliesAndFails' | 'waits',
    release: () => {
      for (const resume of waiting.splice(0)) resume()
    },
  }
  const wrap = (storage: TaskStorage): TaskStorage =>
    wrapStorage(storage, {
      async commit(changeSets: readonly ChangeSet[]): Promise<CommitResult[]> {
        if (state.mode === 'fails') throw new CrewError('storage_full', 'The disk is full.')
        if (state.mode === 'waits') await new Promise<void>((resolve) => waiting.push(resolve))
        const results = await storage.commit(changeSets)
        if (state.mode === 'appliesAndFails') throw new CrewError('storage_unavailable', 'The connection was lost.')
        return results
      },
    })
  return { state, wrap }
}

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `t${at}` }))

describe('while the storage takes no writes', () => {
  test('results are kept and nothing is claimed; both go on when it does', async () => {
    const { state, wrap } = troubledStorage()
    const world = await openControllerWorld({ wrap, limits: { maxInFlightPerWorker: 3 } })
    await world.graph(many(9))
    await world.advance()
    state.mode = 'fails'
    await world.reply('t0', answer({ output: 't0' }))
    // One claim may have been on its way when the first write failed.
    const posted = world.workers.calls.length
    expect(posted).toBeLessThanOrEqual(4)
    for (const id of ['t1', 't2']) await world.reply(id, answer({ output: id }))
    await world.advance(10_000)
    expect(world.workers.calls).toHaveLength(posted)
    expect(world.controller.isReadOnly).toBe(true)
    state.mode = 'fine'
    await world.advance(2001)
    expect(world.controller.isReadOnly).toBe(false)
    for (const id of ['t0', 't1', 't2']) expect((await world.load(id)).output).toBe(`"${id}"`)
    expect(world.workers.openIds).toEqual(['t3', 't4', 't5'])
    expect(world.logged.filter((line) => line === 'results wait for the storage')).toHaveLength(1)
  })

  test('a result that arrives while the first write succeeds again is not forgotten', async () => {
    const { state, wrap } = troubledStorage()
    const world = await openControllerWorld({ wrap })
    await world.graph(many(2))
    await world.advance()
    state.mode = 'fails'
    await world.reply('t0', answer({ output: 0 }))
    state.mode = 'waits'
    await world.advance(1000)
    await world.reply('t1', answer({ output: 1 }))
    state.mode = 'fine'
    state.release()
    await world.advance(2000)
    expect((await world.load('t0')).output).toBe('0')
    expect((await world.load('t1')).output).toBe('1')
  })

  test('a task that is created by others starts when it takes writes again', async () => {
    const { state, wrap } = troubledStorage()
    const world = await openControllerWorld({ wrap })
    await world.graph(many(1))
    await world.advance()
    state.mode = 'fails'
    await world.reply('t0')
    await world.advance(5)
    await createTask(world.context, 'g', { id: 'new', worker: 'w' })
    await world.advance(5000)
    expect(world.workers.calls).toHaveLength(1)
    state.mode = 'fine'
    await world.advance(2001)
    expect(world.workers.openIds).toEqual(['new'])
  })
})

test('a commit that happened although it reported failure is repeated without a second effect', async () => {
  const { state, wrap } = troubledStorage()
  const world = await openControllerWorld({ wrap })
  await world.graph([{ id: 'a' }, { id: 'x', isPaused: true }, { id: 'b', parentIds: ['a', 'x'] }])
  await world.advance()
  state.mode = 'appliesAndFails'
  await world.reply('a', answer({ output: 1, children: [{ id: 'made', worker: 'w' }] }))
  state.mode = 'fine'
  await world.advance(2001)
  expect(world.workers.openIds).toEqual(['made'])
  expect((await world.load('b')).unfinishedParents).toBe(1)
  expect(await world.storage.listAttempts('a')).toHaveLength(1)
})

test('one result that cannot be written does not keep the others from being written', async () => {
  const world = await openControllerWorld({
    wrap: (storage) =>
      wrapStorage(storage, {
        async commit(changeSets) {
          const isPoisoned = changeSets.some(({ guards }) =>
            guards.some((one) => 'taskId' in one && one.taskId === 't0'),
          )
          if (isPoisoned) throw new Error('a value that the engine cannot store')
          return storage.commit(changeSets)
        },
      }),
  })
  await world.graph(many(12))
  await world.advance()
  for (const id of ['t0', 't1', 't2', 't3']) world.workers.call(id).reply(answer({ output: 1 }))
  await world.advance(5000)
  for (const id of ['t1', 't2', 't3']) expect((await world.load(id)).output).toBe('1')
})

describe('a storage that answers later', () => {
  test('does not make a wake be missed that comes during a claim', async () => {
    let release: () => void = () => {}
    let isSlow = false
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async claim(request) {
            const result = await storage.claim(request)
            if (isSlow) {
              isSlow = false
              await new Promise<void>((resolve) => {
                release = resolve
              })
            }
            return result
          },
        }),
    })
    await world.graph([])
    await world.advance()
    isSlow = true
    world.controller.wake()
    await settle()
    await createTask(world.context, 'g', { id: 'a', worker: 'w' })
    await settle()
    release()
    await world.advance(5)
    expect(world.workers.openIds).toEqual(['a'])
  })

  test('that fails to claim is asked again at the next poll', async () => {
    let failures = 3
    const world = await openControllerWorld({
      wrap: (storage) =>
        wrapStorage(storage, {
          async claim(request) {
            if (failures-- > 0) throw new Error('timeout')
            return storage.claim(request)
          },
        }),
    })
    await world.graph([{ id: 'a' }])
    await world.advance(4000)
    expect(world.workers.openIds).toEqual(['a'])
  })
})

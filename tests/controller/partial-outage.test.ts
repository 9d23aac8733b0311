import { expect, test } from 'vitest'
import type { ChangeSet } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const isOfDead = ({ guards }: ChangeSet): boolean =>
  guards.some((guard) => guard.kind === 'lease' && guard.taskId.startsWith('dead'))

/** As of a Cluster: what is about tasks named `dead…` is in a part of it that can be away. */
async function openWorld() {
  const part = { isAway: false }
  const wrap = (storage: TaskStorage): TaskStorage =>
    wrapStorage(storage, {
      isPartitioned: true,
      async commit(changeSets) {
        if (part.isAway && changeSets.some(isOfDead)) throw new CrewError('storage_unavailable', 'That part is away.')
        return storage.commit(changeSets)
      },
    })
  return { part, ...(await openControllerWorld({ wrap, limits: { maxInFlightPerWorker: 4 } })) }
}

test('results of the parts that are there are written, and work goes on, while one part is away', async () => {
  const world = await openWorld()
  await world.graph(['dead0', 'dead1', 'a', 'b', 'c', 'd'].map((id) => ({ id })))
  await world.advance()
  world.part.isAway = true
  const ids = ['dead0', 'a', 'dead1', 'b']
  for (const id of ids) world.workers.call(id).reply(answer({ output: id }))
  await world.advance(2)
  const outputs = async (of: readonly string[]) => Promise.all(of.map(async (id) => (await world.load(id)).output))
  expect(await outputs(ids)).toEqual(['null', '"a"', 'null', '"b"'])
  await world.advance(1001)
  expect(world.workers.openIds).toEqual(['c', 'd'])
  await world.advance(10_000)
  expect(world.logged.filter((line) => line === 'results wait for the storage')).toHaveLength(1)
  world.part.isAway = false
  await world.advance(1001)
  expect(await outputs(ids)).toEqual(ids.map((id) => `"${id}"`))
  expect(world.controller.isReadOnly).toBe(false)
})

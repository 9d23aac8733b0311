import { expect } from 'vitest'
import type { HoldScope } from '../../../server/core/change-set.ts'
import { Hold } from '../../../server/core/task.ts'
import { holdWork, liftHold, limitWork, patchTask, putGroup, releaseWork, success } from '../../support/changes.ts'
import { makeHold } from '../../support/make.ts'
import type { StorageTest } from '../conformance.ts'
import { idsOf } from '../storage-world.ts'

/** What keeps many tasks from starting with one write. */
export function describeHolds(it: StorageTest): void {
  describePauses(it)
  for (const scope of ['workgroup', 'worker'] as const) describeHoldsOn(it, scope)
  describeHoldLists(it)
}

function describePauses(it: StorageTest): void {
  it('a paused group holds the tasks it has and those that come later', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const old = await world.addTask(group)
    await world.commit(putGroup({ ...group, isPaused: true }))
    const late = await world.addTask(group, { priority: 9 })
    const free = await world.addTask(other)
    expect(await world.claimIds()).toEqual([free.id])
    await world.commit(putGroup({ ...group, isPaused: false }))
    expect(await world.claimIds()).toEqual(idsOf([late, old]))
  })

  it('what runs when its group is paused may finish, and the pause stays', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [task.id] })
    const claimed = await world.claimTask(task)
    await world.commit(putGroup({ ...group, isPaused: true }))
    expect(await world.tryCommit(success(claimed))).toBe('applied')
    expect((await world.loadGroup(group)).isPaused).toBe(true)
    expect(await world.claimIds()).toEqual([])
    await world.commit(putGroup(group))
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('a task paused by itself waits until its own pause is lifted', async (world) => {
    const group = await world.addGroup({ isPaused: true })
    const task = await world.addTask(group, { holds: Hold.paused })
    await world.commit(putGroup({ ...group, isPaused: false }))
    expect(await world.claimIds()).toEqual([])
    await world.commit(liftHold(group.id, Hold.paused))
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a group paused and resumed many times loses nothing', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group)
    for (let n = 0; n < 5; n++) {
      await world.commit(putGroup({ ...group, isPaused: true }))
      expect(await world.claimIds()).toEqual([])
      await world.commit(putGroup(group))
    }
    expect(await world.claimIds()).toEqual([task.id])
  })
}

function describeHoldsOn(it: StorageTest, scope: HoldScope): void {
  const held = { [scope]: 'held' }

  it(`a held ${scope} starts nothing in any group, also what comes later, until the hold ends`, async (world) => {
    const until = world.clock.now() + 1_000
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const tasks = [await world.addTask(group, held), await world.addTask(other, held)]
    await world.commit(holdWork(scope, 'held', until, 'rate limit'), limitWork(scope, 'held', { rampStepMs: 0 }))
    tasks.push(await world.addTask(group, held))
    const free = await world.addTask(group)
    expect(await world.claimIds()).toEqual([free.id])
    world.clock.set(until - 1)
    expect(await world.claimIds()).toEqual([])
    world.clock.set(until)
    expect((await world.claimIds()).sort()).toEqual(idsOf(tasks).sort())
  })

  it(`what runs when its ${scope} is held may finish`, async (world) => {
    const claimed = await world.claimTask(await world.addTask(await world.addGroup(), held))
    await world.commit(holdWork(scope, 'held', world.clock.now() + 1_000))
    expect(await world.tryCommit(success(claimed))).toBe('applied')
  })

  it(`a hold on a ${scope} is raised and never lowered`, async (world) => {
    const now = world.clock.now()
    const task = await world.addTask(await world.addGroup(), held)
    await world.commit(holdWork(scope, 'held', now + 2_000, 'first'))
    await world.commit(holdWork(scope, 'held', now + 1_000, 'shorter'))
    expect(await world.storage.listHolds(scope)).toEqual([
      makeHold({ scope, name: 'held', until: now + 2_000, reason: 'first' }),
    ])
    await world.commit(holdWork(scope, 'held', now + 3_000, 'longer'))
    expect(await world.storage.listHolds(scope)).toEqual([
      makeHold({ scope, name: 'held', until: now + 3_000, reason: 'longer' }),
    ])
    world.clock.advance(2_500)
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(500)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it(`releasing a ${scope} lets its tasks start at once`, async (world) => {
    const task = await world.addTask(await world.addGroup(), held)
    await world.commit(holdWork(scope, 'held', world.clock.now() + 60_000))
    expect(await world.claimIds()).toEqual([])
    await world.commit(releaseWork(scope, 'held'))
    expect(await world.storage.listHolds(scope)).toEqual([])
    expect(await world.claimIds()).toEqual([task.id])
  })

  it(`a released ${scope} may be held again for a shorter time`, async (world) => {
    const now = world.clock.now()
    await world.commit(holdWork(scope, 'held', now + 60_000), releaseWork(scope, 'held'))
    await world.commit(holdWork(scope, 'held', now + 500, 'again'))
    expect(await world.storage.listHolds(scope)).toEqual([
      makeHold({ scope, name: 'held', until: now + 500, reason: 'again' }),
    ])
  })

  it(`a task moved into a held ${scope} waits and one moved out starts`, async (world) => {
    const group = await world.addGroup()
    const [inside, outside] = [await world.addTask(group, held), await world.addTask(group)]
    await world.commit(holdWork(scope, 'held', world.clock.now() + 60_000))
    await world.commit(patchTask(inside.id, { [scope]: 'free' }), patchTask(outside.id, held))
    expect(await world.claimIds()).toEqual([inside.id])
  })

  it(`releasing a ${scope} that is not held changes nothing`, async (world) => {
    const before = await world.fingerprint()
    await world.commit(releaseWork(scope, 'nobody'))
    expect(await world.fingerprint()).toBe(before)
  })
}

function describeHoldLists(it: StorageTest): void {
  it('a workgroup and a worker of one name are held apart', async (world) => {
    const group = await world.addGroup()
    const ofWorkgroup = await world.addTask(group, { workgroup: 'same' })
    const ofWorker = await world.addTask(group, { worker: 'same' })
    const until = world.clock.now() + 1_000
    await world.commit(holdWork('workgroup', 'same', until))
    expect(await world.storage.listHolds('worker')).toEqual([])
    expect(await world.claimIds()).toEqual([ofWorker.id])
    await world.commit(holdWork('worker', 'same', until), releaseWork('workgroup', 'same'))
    expect(await world.claimIds()).toEqual([ofWorkgroup.id])
  })

  it('of two holds on one task the later end counts', async (world) => {
    const now = world.clock.now()
    const task = await world.addTask(await world.addGroup(), { worker: 'w', workgroup: 'wg' })
    await world.commit(holdWork('worker', 'w', now + 1_000), holdWork('workgroup', 'wg', now + 2_000))
    world.clock.advance(1_000)
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(1_000)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a hold on no workgroup holds nobody', async (world) => {
    const task = await world.addTask(await world.addGroup())
    await world.commit(holdWork('workgroup', '', world.clock.now() + 1_000))
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('holds are listed by scope and name while they last', async (world) => {
    const now = world.clock.now()
    const names = (holds: readonly { name: string }[]) => holds.map(({ name }) => name).sort()
    await world.commit(holdWork('workgroup', 'a', now + 100), holdWork('workgroup', 'b', now + 200))
    await world.commit(holdWork('worker', 'c', now + 300))
    const { storage } = world
    expect(names(await storage.listHolds('workgroup'))).toEqual(['a', 'b'])
    expect(names(await storage.listHolds('worker'))).toEqual(['c'])
    expect(names(await storage.listHolds('workgroup', ['b', 'c', 'unknown']))).toEqual(['b'])
    expect(await storage.listHolds('workgroup', [])).toEqual([])
    world.clock.advance(100)
    expect(names(await storage.listHolds('workgroup'))).toEqual(['b'])
    expect(await storage.listHolds('workgroup', ['a'])).toEqual([])
  })

  it('a hold that ended can be followed by another', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { workgroup: 'wg' })
    await world.commit(holdWork('workgroup', 'wg', world.clock.now() + 100))
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(100)
    await world.commit(holdWork('workgroup', 'wg', world.clock.now() + 100))
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(100)
    expect(await world.claimIds()).toEqual([task.id])
  })

  it('a hold in the past holds nobody', async (world) => {
    const task = await world.addTask(await world.addGroup(), { workgroup: 'wg' })
    await world.commit(holdWork('workgroup', 'wg', world.clock.now()))
    expect(await world.storage.listHolds('workgroup')).toEqual([])
    expect(await world.claimIds()).toEqual([task.id])
  })
}

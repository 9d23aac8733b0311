import { expect } from 'vitest'
import { Hold } from '../../../server/core/task.ts'
import {
  blockChildren,
  changeSet,
  completion,
  delayChildren,
  deleteTask,
  ifLeased,
  insertTask,
  patchTask,
  releaseChildren,
  success,
} from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { sortedIds } from '../storage-world.ts'

/** The countdown of unfinished parents, and what an edge is good for. */
export function describeGraph(it: StorageTest): void {
  describeCountdown(it)
  describeDelays(it)
  describeEdges(it)
}

function describeCountdown(it: StorageTest): void {
  it('what is passed over is a finished parent, of children that are there and of those that come', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.commit(patchTask(parent.id, { holds: Hold.exhausted | Hold.passed }), releaseChildren(parent.id))
    const late = await world.addTask(group, { parentIds: [parent.id] })
    expect([(await world.load(child)).unfinishedParents, late.unfinishedParents]).toEqual([0, 0])
    await world.commit(deleteTask(parent.id))
    expect([await world.load(child), await world.load(late)]).toMatchObject([
      { unfinishedParents: 0, parentIds: [] },
      { unfinishedParents: 0, parentIds: [] },
    ])
    expect(await world.claimIds()).toEqual([child.id, late.id])
  })

  it('what is passed over and tried again is an unfinished parent', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group, { holds: Hold.exhausted | Hold.passed })
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.commit(patchTask(parent.id, { holds: 0 }), blockChildren(parent.id))
    expect(await world.load(child)).toEqual({ ...child, unfinishedParents: 1 })
    expect(await world.claimIds()).toEqual([parent.id])
  })

  it('an insert counts the parents that are unfinished at that moment', async (world) => {
    const group = await world.addGroup()
    const open = await world.addTask(group)
    const done = await world.addTask(group, { holds: Hold.complete })
    const failed = await world.addTask(group, { holds: Hold.exhausted })
    const child = await world.addTask(group, { parentIds: [open.id, done.id, failed.id] })
    expect(child.unfinishedParents).toBe(2)
    expect((await world.addTask(group, { parentIds: [done.id] })).unfinishedParents).toBe(0)
  })

  it('a child is claimable when its last parent is done and not before', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [await world.addTask(group), await world.addTask(group)]
    const child = await world.addTask(group, { parentIds: [one.id, two.id] })
    await world.complete(one)
    expect(await world.claimIds()).toEqual([])
    await world.commit(...completion(two.id))
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('releasing reaches direct children only', async (world) => {
    const group = await world.addGroup()
    const top = await world.addTask(group)
    const middle = await world.addTask(group, { parentIds: [top.id] })
    const bottom = await world.addTask(group, { parentIds: [middle.id] })
    await world.complete(top)
    expect((await world.load(middle)).unfinishedParents).toBe(0)
    expect((await world.load(bottom)).unfinishedParents).toBe(1)
  })

  it('releasing a task without children changes nothing', async (world) => {
    const task = await world.addTask(await world.addGroup())
    const before = await world.fingerprint()
    await world.commit(releaseChildren(task.id), releaseChildren('nobody'))
    expect(await world.fingerprint()).toBe(before)
  })

  it('a diamond runs top, sides, bottom', async (world) => {
    const group = await world.addGroup()
    const top = await world.addTask(group)
    const sides = [
      await world.addTask(group, { parentIds: [top.id] }),
      await world.addTask(group, { parentIds: [top.id] }),
    ]
    const bottom = await world.addTask(group, { parentIds: sides.map(({ id }) => id) })
    const waves: string[][] = []
    for (let wave = await world.claim(); wave.length > 0; wave = await world.claim()) {
      waves.push(sortedIds(wave.map(({ task }) => task)))
      await world.storage.commit(wave.map((claimed) => success(claimed)))
    }
    expect(waves).toEqual([[top.id], sortedIds(sides), [bottom.id]])
  })

  it('insert and countdown commute', async (world) => {
    const group = await world.addGroup()
    const parents = [await world.addTask(group), await world.addTask(group)]
    const claimed = await world.claim()
    const results = parents
      .map(({ id }) => claimed.find(({ task }) => task.id === id))
      .filter((one) => one !== undefined)
    const [before, after] = parents.map(({ id }) => world.task({ groupId: group.id, parentIds: [id] }))
    if (!before || !after || !results[0] || !results[1]) throw new Error('two of each were made')
    const insert = (task: typeof before) => changeSet({ changes: [insertTask(task)] })
    await world.storage.commit([insert(before), success(results[0]), success(results[1]), insert(after)])
    expect([await world.load(before), await world.load(after)].map((task) => task.unfinishedParents)).toEqual([0, 0])
    expect((await world.claimIds()).sort()).toEqual(sortedIds([before, after]))
  })

  it('the children that an answer creates are free whichever way round it is written', async (world) => {
    const group = await world.addGroup()
    const creators = [await world.addTask(group), await world.addTask(group)]
    const claimed = await world.claim()
    const children = claimed.map(({ task }) =>
      world.task({ groupId: group.id, parentIds: [task.id], createdBy: task.id }),
    )
    const results = await world.storage.commit(
      claimed.map((one, index) => {
        const inserts = children.slice(index, index + 1).map(insertTask)
        const done = completion(one.task.id)
        return changeSet({
          guards: [ifLeased(one)],
          changes: index === 0 ? [...inserts, ...done] : [...done, ...inserts],
        })
      }),
    )
    expect(results).toEqual(creators.map(() => 'applied'))
    expect((await world.claimIds()).sort()).toEqual(sortedIds(children))
  })

  it('a child of hundreds is free after the last and its countdown is never edited meanwhile', async (world) => {
    const group = await world.addGroup()
    const parents = Array.from({ length: 300 }, () => world.task({ groupId: group.id }))
    await world.commit(...parents.map(insertTask))
    const child = await world.addTask(group, { parentIds: parents.map(({ id }) => id) })
    const claimed = await world.claim({ limit: 300, slotsPerWorker: 300 })
    await Promise.all(claimed.map((one) => world.storage.commit([success(one)])))
    expect(await world.load(child)).toEqual({ ...child, unfinishedParents: 0 })
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('blocking children makes them wait for the parent again', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.complete(parent)
    await world.commit(patchTask(parent.id, { holds: Hold.paused }, 'fence'), blockChildren(parent.id))
    expect(await world.load(child)).toEqual({ ...child, unfinishedParents: 1 })
    expect(await world.claimIds()).toEqual([])
    await world.commit(...completion(parent.id))
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('a complete child that is blocked stays complete', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.complete(parent, child)
    await world.commit(patchTask(parent.id, { holds: 0 }), blockChildren(parent.id))
    expect(await world.load(child)).toMatchObject({ holds: Hold.complete, unfinishedParents: 1 })
    expect((await world.loadGroup(group)).counts).toMatchObject({ succeeded: 1, waiting: 1, blocked: 0 })
  })

  it('a child that runs keeps its lease when it is blocked', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.complete(parent)
    const claimed = await world.claimTask(child)
    await world.commit(patchTask(parent.id, { holds: 0 }), blockChildren(parent.id))
    expect((await world.load(child)).lease?.token).toBe(claimed.token)
    expect(await world.tryCommit(success(claimed))).toBe('applied')
  })
}

function describeDelays(it: StorageTest): void {
  it('a delay makes every direct child wait at least that long', async (world) => {
    const group = await world.addGroup()
    const now = world.clock.now()
    const parent = await world.addTask(group)
    const child = (runAfter: number) => world.addTask(group, { parentIds: [parent.id], runAfter })
    const [unset, sooner, later] = [await child(0), await child(now + 10), await child(now + 5_000)]
    const grandchild = await world.addTask(group, { parentIds: [unset.id] })
    await world.commit(delayChildren(parent.id, now + 1_000))
    expect(await world.load(unset)).toEqual({ ...unset, runAfter: now + 1_000 })
    expect(await world.load(sooner)).toEqual({ ...sooner, runAfter: now + 1_000 })
    expect(await world.load(later)).toEqual(later)
    expect(await world.load(grandchild)).toEqual(grandchild)
  })

  it('a delay leaves complete children alone', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id], holds: Hold.complete })
    await world.commit(delayChildren(parent.id, world.clock.now() + 1_000))
    expect(await world.load(child)).toEqual(child)
  })

  it('a delayed child starts when the delay is over', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    const claimed = await world.claimTask(parent)
    const delay = delayChildren(parent.id, world.clock.now() + 1_000)
    await world.tryCommit({ ...success(claimed), changes: [...completion(parent.id), delay] })
    world.clock.advance(999)
    expect(await world.claimIds()).toEqual([])
    world.clock.advance(1)
    expect(await world.claimIds()).toEqual([child.id])
  })
}

function describeEdges(it: StorageTest): void {
  it('a child loses the edge to a deleted parent and runs when the rest is done', async (world) => {
    const group = await world.addGroup()
    const [doomed, other] = [await world.addTask(group), await world.addTask(group)]
    const child = await world.addTask(group, { parentIds: [doomed.id, other.id] })
    await world.commit(deleteTask(doomed.id))
    const left = { parentIds: [other.id], unfinishedParents: 1, version: child.version + 1 }
    expect(await world.load(child)).toEqual({ ...child, ...left })
    await world.complete(other)
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('a child whose only unfinished parent is deleted is free', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group, { holds: Hold.paused })
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.commit(deleteTask(parent.id))
    expect(await world.claimIds()).toEqual([child.id])
  })

  it('deleting a parent that is done does not count down again', async (world) => {
    const group = await world.addGroup()
    const [done, open] = [await world.addTask(group), await world.addTask(group, { holds: Hold.paused })]
    const child = await world.addTask(group, { parentIds: [done.id, open.id] })
    await world.complete(done)
    await world.commit(deleteTask(done.id))
    const left = { parentIds: [open.id], unfinishedParents: 1, version: child.version + 1 }
    expect(await world.load(child)).toEqual({ ...child, ...left })
  })

  it('deleting a child leaves its parents free to finish', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.commit(deleteTask(child.id))
    expect(await world.storage.listChildren([parent.id])).toEqual([])
    await world.complete(parent)
  })

  it('a whole family can be deleted in one set', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    const grandchild = await world.addTask(group, { parentIds: [parent.id, child.id] })
    await world.commit(deleteTask(parent.id), deleteTask(child.id), deleteTask(grandchild.id))
    expect(await world.listIds(group)).toEqual([])
  })

  it('children of several parents are listed once each', async (world) => {
    const group = await world.addGroup()
    const [one, two] = [await world.addTask(group), await world.addTask(group)]
    const both = await world.addTask(group, { parentIds: [one.id, two.id] })
    const ofTwo = await world.addTask(group, { parentIds: [two.id] })
    await world.addTask(group, { parentIds: [ofTwo.id] })
    expect(sortedIds(await world.storage.listChildren([one.id, two.id, 'nobody']))).toEqual(sortedIds([both, ofTwo]))
    expect(await world.storage.listChildren([one.id])).toEqual([both])
    expect(await world.storage.listChildren([])).toEqual([])
  })

  it('the tasks that answers created are listed by their creators', async (world) => {
    const group = await world.addGroup()
    const creator = await world.addTask(group)
    const made = [
      await world.addTask(group, { createdBy: creator.id }),
      await world.addTask(group, { createdBy: creator.id }),
    ]
    await world.addTask(group, { createdBy: 'somebody' })
    expect(sortedIds(await world.storage.listCreatedBy([creator.id, 'nobody']))).toEqual(sortedIds(made))
    expect(await world.storage.listCreatedBy([''])).toEqual([])
    expect(await world.storage.listCreatedBy([])).toEqual([])
  })
}

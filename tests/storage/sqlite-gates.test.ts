import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Database } from '../../storage/sqlite/database.ts'
import { GateTable } from '../../storage/sqlite/gate-table.ts'
import type { Lane } from '../../storage/sqlite/lane.ts'
import { Lanes } from '../../storage/sqlite/lanes.ts'
import { Leases } from '../../storage/sqlite/leases.ts'
import { Ring } from '../../storage/sqlite/ring.ts'
import { holdWork, insertTask, limitWork, releaseWork } from '../support/changes.ts'
import { makeHold } from '../support/make.ts'
import { addTasks, dueAfterClaim, finish, loadGate, perSecond, starts } from './gate-steps.ts'
import { sqliteMemory } from './sqlite-factory.ts'
import { everyTask, openStorageWorld, type StorageWorld } from './storage-world.ts'

const now = 1_000

function makeLanes() {
  const lanes = new Lanes()
  let made = 0
  const add = (worker: string, groupSeq: number, priority = 0): Lane => {
    const lane = lanes.add(++made, { groupSeq, worker, workgroup: 'wg', priority })
    lanes.offer(lane, 0, made, now)
    return lane
  }
  /** Takes the lane out of its worker's queue, as a claim does that finds no room. */
  const wait = (lane: Lane): void => {
    const queue = lanes.nextGroup(lane.worker)
    expect(queue?.take()).toBe(lane)
    lanes.wait(lane, queue?.cameUpAt ?? 0)
  }
  const call = (room: number, slots = 9) => {
    const line = lanes.lineAt('wg')
    return line ? lanes.call(line, room, now, () => slots) : 0
  }
  return { lanes, add, wait, call }
}

describe('lanes in line at a gate', () => {
  test('are called in the order their groups came, each with the turn it had', () => {
    const { lanes, add, wait, call } = makeLanes()
    const [a, b, c] = [add('w', 1), add('w', 2), add('v', 3)]
    for (const lane of [a, b, c]) wait(lane)
    const later = add('w', 4)
    expect(call(2)).toBe(2)
    expect([a, b, c].map(({ state }) => state)).toEqual(['queued', 'queued', 'waiting'])
    // Who waited longer comes first at its worker too.
    expect([1, 2, 3].map(() => lanes.nextGroup('w')?.take())).toEqual([a, b, later])
  })

  test('that were called and not met count as long as their worker has a slot', () => {
    const { lanes, add, wait } = makeLanes()
    for (const lane of [add('full', 1), add('free', 2), add('free', 3)]) wait(lane)
    const line = lanes.lineAt('wg')
    if (!line) throw new Error('nobody is in line')
    expect(lanes.call(line, 1, now, () => 1)).toBe(1)
    expect(lanes.call(line, 1, now, () => 1)).toBe(0)
    expect(lanes.call(line, 1, now, (worker) => (worker === 'full' ? 0 : 1))).toBe(1)
    expect([line.called, line.waiting]).toEqual([2, 1])
    expect(lanes.call(line, 9, now, () => 1)).toBe(0)
  })

  test('are passed over in one step when their worker has no slot', () => {
    const { lanes, add, wait } = makeLanes()
    for (let groupSeq = 1; groupSeq <= 50; groupSeq++) wait(add('full', groupSeq))
    const last = add('free', 99)
    wait(last)
    const line = lanes.lineAt('wg')
    const asked: string[] = []
    const slotsOf = (worker: string) => {
      asked.push(worker)
      return worker === 'full' ? 0 : 5
    }
    if (line) lanes.call(line, 5, now, slotsOf)
    expect([asked, last.state, line?.waiting]).toEqual([['full', 'free'], 'queued', 50])
  })

  test('of many gates are called as far as the slots of a worker go, by turns', () => {
    const lanes = new Lanes()
    for (let id = 1; id <= 6; id++) {
      const lane = lanes.add(id, { groupSeq: id, worker: 'w', workgroup: `wg${id % 3}`, priority: 0 })
      lanes.offer(lane, 0, id, now)
      lanes.nextGroup('w')?.take()
      lanes.wait(lane, id)
      lanes.mayHaveRoom(lane.workgroup)
    }
    const called: string[] = []
    for (let n = 0; n < 2; n++) {
      for (const line of lanes.openLinesOf('w')) {
        if (lanes.callsOf('w') >= 2 * (n + 1)) break
        called.push(line.workgroup)
        lanes.call(line, 1, now, () => 9)
      }
    }
    expect(called).toEqual(['wg1', 'wg2', 'wg0', 'wg1', 'wg2'])
    expect(lanes.waitingWorkers()).toEqual(['w'])
  })

  test('leave it with their group', () => {
    const { lanes, add, wait, call } = makeLanes()
    wait(add('w', 1))
    wait(add('w', 2))
    expect(call(1)).toBe(1)
    lanes.forgetGroup(1)
    expect([lanes.lineAt('wg')?.called, lanes.lineAt('wg')?.waiting]).toEqual([0, 1])
    lanes.forgetGroup(2)
    expect(lanes.lineAt('wg')).toBeUndefined()
    lanes.mayHaveRoom('wg')
    expect(lanes.waitingWorkers()).toEqual([])
  })

  test('keep one alarm however often they are looked at', () => {
    const { lanes, add, wait } = makeLanes()
    wait(add('w', 1))
    for (let n = 0; n < 3; n++) {
      lanes.mayHaveRoom('wg')
      lanes.shut('wg', now + 500)
    }
    expect(lanes.nextTickAt()).toBe(now + 500)
    lanes.tick(now + 500)
    expect([lanes.nextTickAt(), lanes.waitingWorkers()]).toEqual([null, ['w']])
  })

  test('are looked at again when the clock goes back', () => {
    const { lanes, add, wait } = makeLanes()
    wait(add('w', 1))
    lanes.tick(now)
    lanes.shut('wg', now + 500)
    lanes.tick(now - 900)
    expect(lanes.waitingWorkers()).toEqual(['w'])
  })
})

describe('a ring of groups', () => {
  test('takes a group back at the turn it had', () => {
    const { lanes } = makeLanes()
    const laneOf = (groupSeq: number) => {
      const lane = lanes.add(groupSeq, { groupSeq, worker: 'w', workgroup: '', priority: 0 })
      lane.headAt = 0
      return lane
    }
    const ring = new Ring('queued')
    const [a, b, c] = [laneOf(1), laneOf(2), laneOf(3)]
    ring.push(a, 5)
    ring.push(b, 7)
    const again = lanes.add(9, { groupSeq: 2, worker: 'w', workgroup: 'wg', priority: 1 })
    again.headAt = 0
    ring.push(again, 2)
    ring.push(c, 3)
    const order = [10, 11, 12, 13].map((turn) => ring.next(turn)?.groupSeq)
    expect(order).toEqual([2, 3, 1, 2])
  })
})

describe('the table of gates', () => {
  const makeTable = () => {
    const db = new Database(':memory:')
    const table = new GateTable(db, new Lanes(), new Leases())
    const count = () => {
      table.write()
      return db.get('SELECT count(*) AS n FROM gate')?.n
    }
    return { db, table, count }
  }

  test('drops gates that say nothing any more, and keeps limits, breakers and what is not over', () => {
    const { db, table, count } = makeTable()
    for (let n = 0; n < 250; n++) table.hold(makeHold({ name: `over ${n}`, until: now + 10 }), now)
    table.limit('workgroup', 'limited', { maxConcurrent: 1, rate: null, rampStepMs: 0 }, now)
    table.hold(makeHold({ name: 'breaker', until: now + 10, kind: 'breaker', probeMs: 5 }), now)
    table.hold(makeHold({ name: 'held', until: now + 9_000_000 }), now)
    expect(count()).toBe(253)
    for (let n = 0; n < 5; n++) table.hold(makeHold({ name: `late ${n}`, until: now + 100_000 }), now + 60_000)
    expect(count()).toBe(8)
    table.reload()
    expect(table.listHolds('workgroup', now + 60_000)).toHaveLength(6)
    db.close()
  })

  test('keeps a gate whose clock still counts', () => {
    const { db, table, count } = makeTable()
    table.limit(
      'worker',
      '*',
      { maxConcurrent: null, rate: { count: 1, perMs: 3_600_000, burst: 1 }, rampStepMs: 0 },
      now,
    )
    for (let n = 0; n < 400; n++) table.enter('worker', `w${n}`, 1, now + n)
    for (let n = 0; n < 400; n++) table.hold(makeHold({ name: `held ${n}`, until: now + 9_000 }), now + 1_000)
    expect(count()).toBe(801)
    expect(table.roomOf('worker', 'w7', now + 60_000)?.free).toBe(0)
    db.close()
  })
})

describe('gates of SQLite', () => {
  let world: StorageWorld
  beforeEach(async () => {
    world = await openStorageWorld(sqliteMemory())
  })
  afterEach(() => world.close())

  const claimGroups = async () => {
    const claimed = await world.claim()
    await finish(world, claimed)
    return claimed.map(({ task }) => task.groupId)
  }

  test('a hold and a release rewrite no task, and what waits is met once', async () => {
    const group = await world.addGroup()
    await addTasks(world, group, 2_000, { workgroup: 'wg' })
    const before = await world.storage.listTasks(everyTask(group.id))
    await world.commit(holdWork('workgroup', 'wg', world.clock.now() + 60_000))
    expect(await starts(world)).toBe(0)
    await world.commit(releaseWork('workgroup', 'wg'))
    expect(await world.storage.listTasks(everyTask(group.id))).toEqual(before)
    expect(await starts(world)).toBe(1)
  })

  test('a stream of newcomers does not pass a group that waits', async () => {
    await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
    const first = await world.addGroup()
    await addTasks(world, first, 5, { workgroup: 'wg' })
    expect(await claimGroups()).toEqual([first.id])
    const served: string[] = []
    for (let n = 0; n < 8; n++) {
      await addTasks(world, await world.addGroup(), 1, { workgroup: 'wg', worker: `new-${n}` })
      world.clock.advance(100)
      served.push(...(await claimGroups()))
    }
    expect(served.slice(0, 2)).toContain(first.id)
    expect(served.filter((id) => id === first.id).length).toBeGreaterThanOrEqual(2)
  })

  test('of what a gate has room for at once each group that waits gets some', async () => {
    const groups = [await world.addGroup(), await world.addGroup()]
    for (const group of groups) await addTasks(world, group, 20, { workgroup: 'wg' })
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 0 }))
    expect(await starts(world)).toBe(0)
    await world.commit(limitWork('workgroup', 'wg', { maxConcurrent: 8 }))
    const ids = await claimGroups()
    expect(ids).toHaveLength(8)
    expect([...new Set(ids)].sort()).toEqual(groups.map(({ id }) => id).sort())
  })

  test('a group at a gate has its turns at a worker that others keep full', async () => {
    const [busy, gated, rival] = [await world.addGroup(), await world.addGroup(), await world.addGroup()]
    await world.commit(limitWork('workgroup', 'wg', perSecond(10)))
    await addTasks(world, busy, 60, { worker: 'w' })
    await addTasks(world, gated, 60, { worker: 'w', workgroup: 'wg' })
    await addTasks(world, rival, 60, { worker: 'v', workgroup: 'wg' })
    const counts = new Map<string, number>()
    for (let n = 0; n < 60; n++) {
      // One slot comes free at each worker, by turns before and after the gate has room.
      for (const slots of n % 2 === 0 ? [1, 0] : [0, 1]) {
        world.clock.advance(50)
        const claimed = await world.claim({ slots: new Map([['w', slots]]), slotsPerWorker: 1 })
        for (const { task } of claimed) counts.set(task.groupId, (counts.get(task.groupId) ?? 0) + 1)
        await finish(world, claimed)
      }
    }
    for (const group of [busy, gated, rival]) expect(counts.get(group.id)).toBeGreaterThanOrEqual(15)
  })

  test('a gate is not shut for an hour when the clock goes back an hour', async () => {
    await addTasks(world, await world.addGroup(), 5, { workgroup: 'wg' })
    await world.commit(limitWork('workgroup', 'wg', perSecond(2)))
    expect(await starts(world)).toBe(1)
    world.clock.advance(-3_600_000)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
    world.clock.advance(500)
    expect([await starts(world), await starts(world)]).toEqual([1, 0])
  })

  test('a commit that cannot be written leaves the gates as they were', async () => {
    const group = await world.addGroup()
    await addTasks(world, group, 3, { workgroup: 'wg' })
    const poison = insertTask(world.task({ groupId: group.id, priority: 0.5 }))
    await expect(world.tryCommit({ changes: [limitWork('workgroup', 'wg', perSecond(1)), poison] })).rejects.toThrow()
    expect((await loadGate(world, 'workgroup', 'wg')).limitsFrom).toBeNull()
    expect(await starts(world)).toBe(3)
  })

  test('more lanes at a shut gate than one claim sets aside are met by the next', async () => {
    const groups = Array.from({ length: 2_500 }, () => world.group())
    await world.commit(...groups.map((group) => ({ kind: 'putGroup', group }) as const))
    await world.commit(...groups.map(({ id }) => insertTask(world.task({ groupId: id, workgroup: 'wg' }))))
    const other = await world.addGroup()
    const free = await addTasks(world, other, 2, { worker: 'free' })
    const until = world.clock.now() + 60_000
    await world.commit(holdWork('workgroup', 'wg', until))
    const dueAt = [await dueAfterClaim(world), await dueAfterClaim(world), await dueAfterClaim(world)]
    expect(dueAt).toEqual([world.clock.now(), world.clock.now(), until])
    expect((await world.listIds(other, { states: ['running'] })).sort()).toEqual(free.toSorted())
  })
})

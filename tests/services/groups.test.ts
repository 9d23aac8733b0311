import { describe, expect, test } from 'vitest'
import { Hold } from '../../server/core/task.ts'
import { countsByState, groupStateOf } from '../../server/core/task-group.ts'
import {
  createGraph,
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  pauseGroup,
  resetGroup,
  resumeGroup,
  retryGroup,
  updateGroup,
} from '../../server/services/groups.ts'
import { createTask, resetTask, updateTask } from '../../server/services/tasks.ts'
import { answer } from '../support/attempts.ts'
import { changeSet, insertTask } from '../support/changes.ts'
import { makeTask } from '../support/make.ts'
import { openServiceWorld, refusalOf } from '../support/service-world.ts'
import { conflictingStorage, interruptCommit, wrapStorage } from '../support/storage-wrappers.ts'

const page = { page: 1, pageSize: 0, search: '' }

describe('creating a group', () => {
  test('answers it empty, with an id when it has none', async () => {
    const world = await openServiceWorld()
    const group = await createGroup(world.context, { name: 'n', metadata: { a: 'b' } })
    expect(group).toMatchObject({
      id: 'new-1',
      name: 'n',
      metadata: { a: 'b' },
      keyScope: 'group',
      isPaused: false,
      createdAt: world.clock.now(),
    })
    expect(groupStateOf(group)).toBe('empty')
  })

  test('whose keys are to exclude over groups is refused where groups are apart, and changes nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', key: 'k' }])
    const before = await world.fingerprint()
    const apart = world.through(wrapStorage(world.storage, { isPartitioned: true }))
    for (const attempt of [
      () => createGroup(apart, { name: 'n', keyScope: 'worker' }),
      () => createGraph(apart, { name: 'n', keyScope: 'worker', tasks: [] }),
      () => updateGroup(apart, 'g', { keyScope: 'worker' }),
    ]) {
      const refusal = await refusalOf('key_scope_unavailable', attempt())
      expect(refusal.faults.map(({ pointer }) => pointer)).toEqual(['/keyScope'])
    }
    expect(await world.fingerprint()).toBe(before)
    expect(await createGroup(apart, { name: 'n', keyScope: 'group' })).toMatchObject({ keyScope: 'group' })
  })

  test('under a taken id is refused and changes nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const before = await world.fingerprint()
    const refusal = await refusalOf('duplicate_id', createGroup(world.context, { id: 'g', name: 'other' }))
    expect(refusal.faults.map(({ pointer }) => pointer)).toEqual(['/id'])
    expect(await world.fingerprint()).toBe(before)
  })

  test('that somebody creates at the same moment is refused', async () => {
    const world = await openServiceWorld()
    const meanwhile = () => createGroup(world.context, { id: 'g', name: 'first' })
    const context = world.through(interruptCommit(world.storage, meanwhile))
    await refusalOf('duplicate_id', createGroup(context, { id: 'g', name: 'second' }))
    expect((await getGroup(world.context, 'g')).name).toBe('first')
  })
})

describe('creating a graph', () => {
  test('takes tasks in any order and keeps the order of a list that has it right', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c', parentIds: ['b'] }, { id: 'd' }])
    expect([...(await world.loadAll()).keys()]).toEqual(['a', 'b', 'c', 'd'])
    await world.graph([{ id: 'z', parentIds: ['y'] }, { id: 'y' }], { id: 'h' })
    expect([...(await world.loadAll('h')).keys()]).toEqual(['y', 'z'])
  })

  test('is all or nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'far' }], { id: 'other' })
    const before = await world.fingerprint()
    const create = (tasks: { id?: string; worker?: string; parentIds?: string[] }[]) =>
      createGraph(world.context, { id: 'g', name: '', tasks })
    const cycle = await refusalOf(
      'cycle',
      create([
        { id: 'a', worker: 'w', parentIds: ['b'] },
        { id: 'b', worker: 'w', parentIds: ['a'] },
      ]),
    )
    expect(cycle.faults).toEqual([{ pointer: '/tasks/0/parentIds', detail: 'a cycle of parents: a → b → a' }])
    await refusalOf('unknown_parent', create([{ worker: 'w', parentIds: ['far'] }]))
    await refusalOf('duplicate_id', create([{ id: 'far', worker: 'w' }]))
    await refusalOf('invalid_request', create([{ id: 'a' }]))
    expect(await world.fingerprint()).toBe(before)
  })

  test('that is paused starts nothing until it is resumed', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }], { isPaused: true })
    expect(await world.claim()).toEqual([])
    await resumeGroup(world.context, 'g')
    expect(await world.runAll()).toEqual(['a'])
  })

  test('with tasks that are complete frees what stands below them', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'a', isComplete: true, output: '1' },
      { id: 'b', parentIds: ['a'] },
    ])
    expect(await world.runAll()).toEqual(['b'])
  })
})

test('an unknown group is refused everywhere and nothing changes', async () => {
  const world = await openServiceWorld()
  const { context } = world
  const before = await world.fingerprint()
  const options = { remainingAttempts: 5 }
  await refusalOf('group_not_found', getGroup(context, 'x'))
  await refusalOf('group_not_found', updateGroup(context, 'x', { name: 'n' }))
  await refusalOf('group_not_found', deleteGroup(context, 'x'))
  await refusalOf('group_not_found', pauseGroup(context, 'x'))
  await refusalOf('group_not_found', resumeGroup(context, 'x'))
  await refusalOf('group_not_found', resetGroup(context, 'x', options))
  await refusalOf('group_not_found', retryGroup(context, 'x', options))
  expect(await world.fingerprint()).toBe(before)
})

test('groups are listed newest first', async () => {
  const world = await openServiceWorld()
  await world.graph([], { id: 'first', name: 'red' })
  await world.graph([], { id: 'second', name: 'blue' })
  const { groups, count } = await listGroups(world.context, page)
  expect([groups.map(({ id }) => id), count]).toEqual([['second', 'first'], 2])
  expect((await listGroups(world.context, { ...page, search: 'RED' })).groups.map(({ id }) => id)).toEqual(['first'])
})

test('a group whose workers have no address has nothing ready', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a' }, { id: 'b', runAfter: world.clock.now() + 5 }])
  const workers = { ...world.context.workers, hasAddress: () => false }
  const group = await getGroup({ ...world.context, workers }, 'g')
  expect(countsByState(group)).toMatchObject({ ready: 0, throttled: 1, scheduled: 1 })
})

describe('an update', () => {
  test('changes what it names', async () => {
    const world = await openServiceWorld()
    await world.graph([], { name: 'old', metadata: { a: 'b' } })
    expect(await updateGroup(world.context, 'g', { name: 'new' })).toMatchObject({ name: 'new', metadata: { a: 'b' } })
  })

  test('of the key scope gives new merge keys to all tasks with a key, complete or running', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'running', key: 'r' },
      { id: 'complete', key: 'c', isComplete: true },
      { id: 'waiting', key: 'w', isPaused: true },
      { id: 'none' },
    ])
    await world.claim()
    await updateGroup(world.context, 'g', { keyScope: 'worker' })
    const tasks = await world.loadAll()
    expect([...tasks.values()].map(({ mergeKey }) => mergeKey)).toEqual(['w:w r', 'w:w c', 'w:w w', ''])
  })

  test('of the key scope lets tasks of two groups merge', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', key: 'k' }])
    await world.graph([{ id: 'b', key: 'k' }], { id: 'h', keyScope: 'worker' })
    await updateGroup(world.context, 'g', { keyScope: 'worker' })
    expect(await world.runAll(() => answer({ output: 1 }))).toHaveLength(1)
    expect([(await world.load('a')).output, (await world.load('b')).output]).toEqual(['1', '1'])
  })

  test('of the key scope while a task runs lets its key go when it ends', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', key: 'k' }])
    const claimed = await world.claimTask('a')
    await updateGroup(world.context, 'g', { keyScope: 'worker' })
    await updateGroup(world.context, 'g', { keyScope: 'group' })
    expect(await world.finish(claimed)).toBe('applied')
    await createTask(world.context, 'g', { id: 'b', worker: 'w', key: 'k' })
    expect(await world.runAll()).toEqual(['b'])
  })

  test('of the key scope takes the key that a task got at the same moment', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', key: 'old' }])
    const meanwhile = () => updateTask(world.context, { taskId: 'a' }, { key: 'new' })
    await updateGroup(world.through(interruptCommit(world.storage, meanwhile)), 'g', { keyScope: 'worker' })
    expect((await world.load('a')).mergeKey).toBe('w:w new')
  })

  test('of the key scope counts for a complete task that is reset later', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', key: 'k' }])
    await world.runAll()
    await updateGroup(world.context, 'g', { keyScope: 'worker' })
    await resetTask(world.context, { taskId: 'a' }, { remainingAttempts: 5, descendants: false })
    await world.graph([{ id: 'b', key: 'k' }], { id: 'h', keyScope: 'worker' })
    expect(await world.runAll()).toHaveLength(1)
  })
})

describe('a pause', () => {
  test('holds tasks that are there and those that come, and is kept when asked for twice', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    await pauseGroup(world.context, 'g')
    await createTask(world.context, 'g', { id: 'b', worker: 'w' })
    const before = await world.fingerprint()
    await pauseGroup(world.context, 'g')
    expect(await world.fingerprint()).toBe(before)
    expect(await world.claim()).toEqual([])
    expect(countsByState(await getGroup(world.context, 'g')).paused).toBe(2)
  })

  test('lets what runs finish, and its children wait', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    const claimed = await world.claimTask('a')
    await pauseGroup(world.context, 'g')
    expect(await world.finish(claimed)).toBe('applied')
    expect(await world.claim()).toEqual([])
    await resumeGroup(world.context, 'g')
    expect(await world.runAll()).toEqual(['b'])
  })

  test('is cleared by a resume, with the own pause of every task', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', isPaused: true }, { id: 'b' }], { isPaused: true })
    await resumeGroup(world.context, 'g')
    expect((await world.load('a')).holds).toBe(0)
    expect(await world.runAll()).toEqual(['a', 'b'])
  })

  test('comes through although the group changes at the same moment', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const meanwhile = () => updateGroup(world.context, 'g', { name: 'new' })
    await pauseGroup(world.through(interruptCommit(world.storage, meanwhile)), 'g')
    expect(await getGroup(world.context, 'g')).toMatchObject({ name: 'new', isPaused: true })
  })

  test('is tried again after conflicts, and given up after twenty', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    await pauseGroup(world.through(conflictingStorage(world.storage, 19).storage), 'g')
    expect((await getGroup(world.context, 'g')).isPaused).toBe(true)
    const always = conflictingStorage(world.storage, Number.POSITIVE_INFINITY)
    await refusalOf('conflict', resumeGroup(world.through(always.storage), 'g'))
  })
})

describe('a resume that is spread', () => {
  test('lets what it makes due start evenly over the time, in its order', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph(
      [
        { id: 'a' },
        { id: 'b', isPaused: true },
        { id: 'urgent', priority: 1 },
        { id: 'c' },
        { id: 'below', parentIds: ['a'] },
        { id: 'scheduled', runAfter: now + 300 },
        { id: 'done', isComplete: true },
      ],
      { isPaused: true },
    )
    await resumeGroup(world.context, 'g', { spreadSeconds: 1 })
    const ran: [string, number][] = []
    for (let at = 0; at <= 1000; at += 50) {
      world.clock.set(now + at)
      for (const id of await world.runAll()) ran.push([id, at])
    }
    expect(ran).toEqual([
      ['urgent', 0],
      ['a', 250],
      ['below', 250],
      ['scheduled', 300],
      ['b', 500],
      ['c', 750],
    ])
  })

  test('of a group that was not paused puts off only what was paused itself', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([{ id: 'free' }, { id: 'a', isPaused: true }, { id: 'b', isPaused: true }])
    await resumeGroup(world.context, 'g', { spreadSeconds: 10 })
    const tasks = await world.loadAll()
    expect([...tasks.values()].map(({ id, runAfter }) => [id, runAfter])).toEqual([
      ['free', now],
      ['a', now],
      ['b', now + 5000],
    ])
  })

  test('takes in what a task got at the same moment', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([{ id: 'a' }, { id: 'b' }], { isPaused: true })
    const meanwhile = () => updateTask(world.context, { taskId: 'b' }, { runAfter: now + 90_000 })
    const context = world.through(interruptCommit(world.storage, meanwhile))
    await resumeGroup(context, 'g', { spreadSeconds: 10 })
    expect((await world.load('b')).runAfter).toBe(now + 90_000)
  })

  test('reaches every one of 20,000 tasks, in commits that hold up nobody', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([], { isPaused: true })
    const sizes: number[] = []
    const storage = wrapStorage(world.storage, {
      commit(changeSets) {
        sizes.push(changeSets.reduce((sum, { changes }) => sum + changes.length, 0))
        return world.storage.commit(changeSets)
      },
    })
    for (let batch = 0; batch < 20; batch++) {
      const tasks = Array.from({ length: 1000 }, (_, at) =>
        insertTask(makeTask({ id: `t${batch}-${at}`, groupId: 'g' })),
      )
      await world.storage.commit([changeSet({ changes: tasks })])
    }
    await resumeGroup(world.through(storage), 'g', { spreadSeconds: 20_000 })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200)
    const query = { groupId: 'g', page: 2, pageSize: 10_000, search: '', skipCompleted: false }
    const { tasks } = await world.storage.listTasks(query)
    expect(tasks.map(({ runAfter }) => runAfter)).toEqual(tasks.map((_, at) => now + (10_000 + at) * 1000))
  })
})

describe('a reset', () => {
  const options = { remainingAttempts: 3 }
  const makesChild = (task: { id: string }) =>
    answer(task.id === 'a' ? { output: 1, children: [{ id: 'made', worker: 'w' }] } : { output: 2 })

  test('without seeds resets all tasks and deletes what answers made', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    await world.runAll(makesChild)
    await resetGroup(world.context, 'g', options)
    const tasks = await world.loadAll()
    expect(
      [...tasks.values()].map(({ id, holds, output, remainingAttempts }) => [id, holds, output, remainingAttempts]),
    ).toEqual([
      ['a', 0, 'null', 3],
      ['b', 0, 'null', 3],
    ])
    expect(await world.runAll(makesChild)).toEqual(['a', 'made', 'b'])
  })

  test('with a seed deletes the others and resets the seeds', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'seed', isSeed: true }, { id: 'x' }, { id: 'y', parentIds: ['seed', 'x'] }])
    await world.runAll()
    await resetGroup(world.context, 'g', options)
    expect([...(await world.loadAll()).keys()]).toEqual(['seed'])
    expect(await world.runAll()).toEqual(['seed'])
  })

  test('keeps a seed below tasks that go, and frees it', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'x' }, { id: 'seed', isSeed: true, parentIds: ['x'] }])
    await resetGroup(world.context, 'g', options)
    expect(await world.load('seed')).toMatchObject({ parentIds: [], unfinishedParents: 0 })
    expect(await world.runAll()).toEqual(['seed'])
  })

  test('fences every attempt in flight', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }, { id: 'c', parentIds: ['a'] }])
    const claimed = await world.claim()
    await resetGroup(world.context, 'g', options)
    const before = await world.fingerprint()
    for (const one of claimed) expect(await world.finish(one, makesChild(one.task))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
  })

  test('wins over an answer that makes children at the same moment', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    const claimed = await world.claimTask('a')
    const meanwhile = () => world.finish(claimed, makesChild(claimed.task))
    await resetGroup(world.through(interruptCommit(world.storage, meanwhile)), 'g', options)
    expect([...(await world.loadAll()).keys()]).toEqual(['a', 'b'])
    expect((await world.load('b')).unfinishedParents).toBe(1)
  })

  test('of an empty group is fine', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    await resetGroup(world.context, 'g', options)
    expect(groupStateOf(await getGroup(world.context, 'g'))).toBe('empty')
  })

  test('of a paused group leaves it paused', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', isComplete: true }], { isPaused: true })
    await resetGroup(world.context, 'g', options)
    expect(await world.claim()).toEqual([])
  })
})

describe('a retry', () => {
  test('sets the attempts of every incomplete task and makes the failed ones due now', async () => {
    const world = await openServiceWorld()
    const later = world.clock.now() + 90_000
    await world.graph([
      { id: 'failed', remainingAttempts: 1 },
      { id: 'retrying', remainingAttempts: 2 },
      { id: 'below', parentIds: ['failed'], remainingAttempts: 1 },
      { id: 'scheduled', runAfter: later },
      { id: 'paused', isPaused: true, remainingAttempts: 1 },
      { id: 'done', isComplete: true, remainingAttempts: 1 },
    ])
    await world.runAll(() => answer('', 500))
    await retryGroup(world.context, 'g', { remainingAttempts: 7 })
    const tasks = await world.loadAll()
    expect([...tasks.values()].map(({ id, remainingAttempts }) => [id, remainingAttempts])).toEqual([
      ['failed', 7],
      ['retrying', 7],
      ['below', 7],
      ['scheduled', 7],
      ['paused', 7],
      ['done', 1],
    ])
    expect(tasks.get('scheduled')?.runAfter).toBe(later)
    expect(tasks.get('paused')?.holds).toBe(Hold.paused)
    expect(await world.runAll()).toEqual(['failed', 'retrying', 'below'])
  })

  test('reaches every one of many tasks, also those that change meanwhile', async () => {
    const world = await openServiceWorld()
    await world.graph(Array.from({ length: 450 }, (_, at) => ({ id: `t${at}`, remainingAttempts: 1 })))
    const meanwhile = async () => {
      for (const claimed of (await world.claim()).slice(0, 5)) await world.finish(claimed, answer('', 500))
    }
    await retryGroup(world.through(interruptCommit(world.storage, meanwhile)), 'g', { remainingAttempts: 4 })
    const left = new Set([...(await world.loadAll()).values()].map(({ remainingAttempts }) => remainingAttempts))
    expect([...left]).toEqual([4])
  })

  test('that is spread lets the failed ones start evenly over the time, and leaves the others', async () => {
    const world = await openServiceWorld()
    await world.graph([
      ...Array.from({ length: 4 }, (_, at) => ({ id: `failed-${at}`, remainingAttempts: 1 })),
      { id: 'scheduled', runAfter: world.clock.now() + 1_000_000 },
    ])
    await world.runAll(() => answer('', 500))
    const now = world.clock.advance(5000)
    await createTask(world.context, 'g', { id: 'new', worker: 'w' })
    await retryGroup(world.context, 'g', { remainingAttempts: 3, spreadSeconds: 100 })
    const tasks = await world.loadAll()
    expect(
      [...tasks.values()].map(({ id, runAfter, remainingAttempts }) => [id, runAfter - now, remainingAttempts]),
    ).toEqual([
      ['failed-0', 0, 3],
      ['failed-1', 25_000, 3],
      ['failed-2', 50_000, 3],
      ['failed-3', 75_000, 3],
      ['scheduled', 995_000, 3],
      ['new', 0, 3],
    ])
  })

  test('of a group without incomplete tasks changes nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', isComplete: true }])
    const before = await world.fingerprint()
    await retryGroup(world.context, 'g', { remainingAttempts: 4 })
    expect(await world.fingerprint()).toBe(before)
  })
})

describe('a deletion', () => {
  test('takes the tasks along, and late answers change nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'a', metadata: { m: '1' } },
      { id: 'b', parentIds: ['a'] },
    ])
    await world.graph([{ id: 'x' }], { id: 'other' })
    const claimed = await world.claimTask('a')
    await deleteGroup(world.context, 'g')
    const before = await world.fingerprint()
    expect(await world.finish(claimed, answer({ children: [{ worker: 'w' }] }))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
    await refusalOf('group_not_found', getGroup(world.context, 'g'))
    expect(await world.storage.getTasks(['a', 'b'])).toEqual([])
  })

  test('frees its ids', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    await deleteGroup(world.context, 'g')
    await world.graph([{ id: 'a' }])
    expect(await world.runAll()).toEqual(['a'])
  })
})

test('events name what changed', async () => {
  const world = await openServiceWorld()
  const types: string[] = []
  world.storage.subscribe((events) => types.push(...events.map(({ type }) => type)))
  await world.graph([{ id: 'a' }])
  await pauseGroup(world.context, 'g')
  await updateTask(world.context, { taskId: 'a' }, { name: 'n' })
  await deleteGroup(world.context, 'g')
  expect(types).toEqual(['group.created', 'task.created', 'group.updated', 'task.updated', 'group.deleted'])
})

import { describe, expect, test } from 'vitest'
import { Hold } from '../../server/core/task.ts'
import { updateGroup } from '../../server/services/groups.ts'
import {
  createTask,
  createTasks,
  deleteTask,
  explainTask,
  getTask,
  listAttempts,
  listTasks,
  pluckTask,
  resetTask,
  retryTask,
  updateTask,
} from '../../server/services/tasks.ts'
import { holdWorkgroup } from '../../server/services/workgroups.ts'
import { answer } from '../support/attempts.ts'
import { openServiceWorld, refusalOf } from '../support/service-world.ts'
import { conflictingStorage, interruptCommit } from '../support/storage-wrappers.ts'

const page = { page: 1, pageSize: 0, search: '', skipCompleted: false }

describe('creating a task', () => {
  test('answers it as it stands, ready to run', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    const view = await createTask(world.context, 'g', { worker: 'w', input: '[ ]' })
    expect(view).toMatchObject({
      state: 'ready',
      runAfter: world.clock.now(),
      task: { id: 'new-1', groupId: 'g', input: '[ ]' },
    })
  })

  test('below a parent that is not complete answers it blocked', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'p' }])
    expect(await createTask(world.context, 'g', { worker: 'w', parentIds: ['p'] })).toMatchObject({
      state: 'blocked',
      task: { unfinishedParents: 1 },
    })
  })

  test('in a group that is paused answers it paused', async () => {
    const world = await openServiceWorld()
    await world.graph([], { isPaused: true })
    expect((await createTask(world.context, 'g', { worker: 'w' })).state).toBe('paused')
    expect(await world.claim()).toEqual([])
  })

  test('is refused in an unknown group, without a worker, with a taken id, with an unknown parent, and changes nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    await world.graph([{ id: 'far' }], { id: 'other' })
    const before = await world.fingerprint()
    await refusalOf('group_not_found', createTask(world.context, 'nobody', { worker: 'w' }))
    const noWorker = await refusalOf('invalid_request', createTask(world.context, 'g', {}))
    expect(noWorker.faults).toEqual([{ pointer: '/worker', detail: 'expected the name of a worker' }])
    const taken = await refusalOf('duplicate_id', createTask(world.context, 'g', { worker: 'w', id: 'far' }))
    expect(taken.faults.map(({ pointer }) => pointer)).toEqual(['/id'])
    const orphan = createTask(world.context, 'g', { worker: 'w', parentIds: ['a', 'far'] })
    expect((await refusalOf('unknown_parent', orphan)).faults.map(({ pointer }) => pointer)).toEqual(['/parentIds/1'])
    await refusalOf('cycle', createTask(world.context, 'g', { worker: 'w', id: 'x', parentIds: ['x'] }))
    expect(await world.fingerprint()).toBe(before)
  })
})

describe('creating tasks together', () => {
  test('takes any order, stores parents first, answers in the order given', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    const views = await createTasks(world.context, 'g', [
      { id: 'c', worker: 'w', parentIds: ['b'] },
      { id: 'b', worker: 'w', parentIds: ['a'] },
      { id: 'a', worker: 'w' },
    ])
    expect(views.map(({ task, state }) => [task.id, state])).toEqual([
      ['c', 'blocked'],
      ['b', 'blocked'],
      ['a', 'ready'],
    ])
    expect(await world.runAll()).toEqual(['a', 'b', 'c'])
  })

  test('is all or nothing, with pointers to what is wrong', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    const before = await world.fingerprint()
    const inputs = [
      { id: 'a', worker: 'w' },
      { worker: 'w', parentIds: ['x'] },
    ]
    const refusal = await refusalOf('unknown_parent', createTasks(world.context, 'g', inputs))
    expect(refusal.faults.map(({ pointer }) => pointer)).toEqual(['/tasks/1/parentIds/0'])
    const nameless = await refusalOf('invalid_request', createTasks(world.context, 'g', [{ id: 'a' }, {}]))
    expect(nameless.faults.map(({ pointer }) => pointer)).toEqual(['/tasks/0/worker', '/tasks/1/worker'])
    expect(await world.fingerprint()).toBe(before)
  })

  test('of none is fine', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    expect(await createTasks(world.context, 'g', [])).toEqual([])
  })

  test('of 10,000 takes one commit and keeps the books', async () => {
    const world = await openServiceWorld()
    const group = await world.graph([])
    const inputs = Array.from({ length: 10_000 }, (_, at) => ({
      id: `t${at}`,
      worker: 'w',
      parentIds: at === 0 ? [] : ['t0'],
    }))
    const { storage, commits } = conflictingStorage(world.storage, 0)
    expect(await createTasks(world.through(storage), group.id, inputs)).toHaveLength(10_000)
    expect(commits()).toBe(1)
    expect((await world.storage.getGroup('g'))?.counts).toMatchObject({ waiting: 1, blocked: 9999 })
  })

  test('lists at most 100 faults', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    const inputs = Array.from({ length: 500 }, () => ({ worker: 'w', parentIds: ['x'] }))
    const refusal = await refusalOf('unknown_parent', createTasks(world.context, 'g', inputs))
    expect(refusal.faults).toHaveLength(100)
  })

  test('keeps the merge keys right when the scope of the group changes at the same time', async () => {
    const world = await openServiceWorld()
    await world.graph([])
    const meanwhile = () => updateGroup(world.context, 'g', { keyScope: 'worker' })
    const context = world.through(interruptCommit(world.storage, meanwhile))
    await createTask(context, 'g', { id: 'a', worker: 'w', key: 'k' })
    expect((await world.load('a')).mergeKey).toBe('w:w k')
  })

  test('finds the parent gone that was deleted at the same time', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'p' }])
    const context = world.through(interruptCommit(world.storage, () => deleteTask(world.context, { taskId: 'p' })))
    await refusalOf('unknown_parent', createTask(context, 'g', { worker: 'w', parentIds: ['p'] }))
  })
})

test('a task of another group is not there', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a' }])
  await world.graph([], { id: 'other' })
  const ref = { taskId: 'a', groupId: 'other' }
  const { context } = world
  const before = await world.fingerprint()
  await refusalOf('task_not_found', getTask(context, ref))
  await refusalOf('task_not_found', updateTask(context, ref, { name: 'n' }))
  await refusalOf('task_not_found', deleteTask(context, ref))
  await refusalOf('task_not_found', resetTask(context, ref, { remainingAttempts: 5, descendants: false }))
  await refusalOf('task_not_found', retryTask(context, ref, { remainingAttempts: 5 }))
  await refusalOf('task_not_found', pluckTask(context, ref))
  await refusalOf('task_not_found', listAttempts(context, ref))
  await refusalOf('task_not_found', explainTask(context, ref))
  await refusalOf('task_not_found', getTask(context, { taskId: 'nobody' }))
  expect(await world.fingerprint()).toBe(before)
  expect((await getTask(context, { taskId: 'a', groupId: 'g' })).task.id).toBe('a')
})

describe('a list', () => {
  test('of an unknown group is refused', async () => {
    const world = await openServiceWorld()
    await refusalOf('group_not_found', listTasks(world.context, { ...page, groupId: 'nobody' }))
  })

  test('shows a waiting task behind a hold with the later of its own time and the hold', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([
      { id: 'a', workgroup: 'ads' },
      { id: 'b', workgroup: 'ads', runAfter: now + 90_000 },
      { id: 'c', workgroup: 'ads', isPaused: true },
      { id: 'd' },
    ])
    await holdWorkgroup(world.context, 'ads', { until: now + 60_000, reason: 'test' })
    const { tasks } = await listTasks(world.context, { ...page, groupId: 'g' })
    expect(tasks.map(({ task, state, runAfter }) => [task.id, state, runAfter - now])).toEqual([
      ['a', 'throttled', 60_000],
      ['b', 'scheduled', 90_000],
      ['c', 'paused', 0],
      ['d', 'ready', 0],
    ])
  })

  test('shows due tasks of a worker without an address as throttled', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const workers = { ...world.context.workers, hasAddress: () => false }
    const view = await getTask({ ...world.context, workers }, { taskId: 'a' })
    expect(view.state).toBe('throttled')
    expect((await explainTask({ ...world.context, workers }, { taskId: 'a' })).reasons).toMatchObject([
      { code: 'no_address', ref: 'w' },
    ])
  })
})

describe('an update', () => {
  test('changes the task and moves it to its new worker', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const view = await updateTask(world.context, { taskId: 'a' }, { worker: 'w2', priority: 9, input: '2' })
    expect(view.task).toMatchObject({ worker: 'w2', priority: 9, input: '2' })
    expect((await world.claim()).map(({ task }) => task.worker)).toEqual(['w2'])
  })

  test('to complete wakes the children with the output that was set', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    await updateTask(world.context, { taskId: 'a' }, { isComplete: true, output: '{"by":"hand"}' })
    const [claimed] = await world.claim()
    expect(claimed?.task.id).toBe('b')
    expect(claimed?.parents).toEqual([{ taskId: 'a', worker: 'w', input: 'null', output: '{"by":"hand"}' }])
  })

  test('to incomplete makes the children wait again', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'a', isComplete: true },
      { id: 'b', parentIds: ['a'] },
    ])
    await updateTask(world.context, { taskId: 'a' }, { isComplete: false })
    expect(await world.runAll()).toEqual(['a', 'b'])
  })

  test('is refused while the task runs, except for name and isPaused', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const claimed = await world.claimTask('a')
    await refusalOf('task_running', updateTask(world.context, { taskId: 'a' }, { input: '2' }))
    expect((await updateTask(world.context, { taskId: 'a' }, { name: 'n', isPaused: true })).state).toBe('running')
    expect(await world.finish(claimed)).toBe('applied')
    expect(await world.load('a')).toMatchObject({ name: 'n', holds: Hold.paused | Hold.complete })
  })

  test('that a claim overtakes is refused like any other while it runs', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const context = world.through(interruptCommit(world.storage, () => world.claim()))
    await refusalOf('task_running', updateTask(context, { taskId: 'a' }, { input: '2' }))
  })

  test('to complete that a claim overtakes wakes the children once', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', isPaused: true }, { id: 'c', parentIds: ['a', 'b'] }])
    const context = world.through(interruptCommit(world.storage, () => world.claim()))
    await updateTask(context, { taskId: 'a' }, { isComplete: true }).catch(() => {})
    await world.finish(await world.claimTask('a'))
    expect((await world.load('c')).unfinishedParents).toBe(1)
  })

  test('of the key keeps the scope that the group has at that moment', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const meanwhile = () => updateGroup(world.context, 'g', { keyScope: 'worker' })
    const context = world.through(interruptCommit(world.storage, meanwhile))
    await updateTask(context, { taskId: 'a' }, { key: 'k' })
    expect((await world.load('a')).mergeKey).toBe('w:w k')
  })

  test('is tried again after conflicts, and given up after twenty', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const once = conflictingStorage(world.storage, 1)
    await updateTask(world.through(once.storage), { taskId: 'a' }, { name: 'n' })
    expect(once.commits()).toBe(2)
    const always = conflictingStorage(world.storage, Number.POSITIVE_INFINITY)
    await refusalOf('conflict', updateTask(world.through(always.storage), { taskId: 'a' }, { name: 'm' }))
    expect(always.commits()).toBe(20)
    expect((await world.load('a')).name).toBe('n')
  })
})

describe('a deletion', () => {
  test('takes along children whose last parent goes, level by level, and frees the others', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'a' },
      { id: 'x', isComplete: true },
      { id: 'b', parentIds: ['a'] },
      { id: 'c', parentIds: ['b'] },
      { id: 'd', parentIds: ['c', 'x'] },
      { id: 'e', parentIds: ['b', 'c'] },
    ])
    await deleteTask(world.context, { taskId: 'a' })
    expect([...(await world.loadAll()).keys()]).toEqual(['x', 'd'])
    expect((await world.load('d')).parentIds).toEqual(['x'])
    expect(await world.runAll()).toEqual(['d'])
  })

  test('of a running task makes its late answer change nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    const claimed = await world.claimTask('a')
    await deleteTask(world.context, { taskId: 'a' })
    const before = await world.fingerprint()
    expect(await world.finish(claimed, answer({ children: [{ worker: 'w' }] }))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
  })

  test('of both parents at the same time takes the child along', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }, { id: 'c', parentIds: ['a', 'b'] }])
    const context = world.through(interruptCommit(world.storage, () => deleteTask(world.context, { taskId: 'b' })))
    await deleteTask(context, { taskId: 'a' })
    expect([...(await world.loadAll()).keys()]).toEqual([])
  })

  test('takes along a child that was added at the same time', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const meanwhile = () => createTask(world.context, 'g', { id: 'c', worker: 'w', parentIds: ['a'] })
    await deleteTask(world.through(interruptCommit(world.storage, meanwhile)), { taskId: 'a' })
    expect([...(await world.loadAll()).keys()]).toEqual([])
  })
})

describe('a reset', () => {
  const options = { remainingAttempts: 3, descendants: false }
  const children = [{ id: 'made', worker: 'w' }]
  const makesChildren = (task: { id: string }) => answer(task.id === 'a' ? { output: 1, children } : { output: 2 })

  test('makes the task look as if it never ran, deletes what it made and makes complete children wait', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c', parentIds: ['b'] }])
    await world.runAll(makesChildren)
    const view = await resetTask(world.context, { taskId: 'a' }, options)
    expect(view).toMatchObject({
      state: 'ready',
      task: { output: 'null', errors: [], attempts: 0, remainingAttempts: 3, holds: 0 },
    })
    const tasks = await world.loadAll()
    expect([...tasks.keys()]).toEqual(['a', 'b', 'c'])
    expect(tasks.get('b')).toMatchObject({ holds: 0, unfinishedParents: 1, output: '2' })
    expect(tasks.get('c')?.holds).toBe(Hold.complete)
    expect(await world.runAll(makesChildren)).toEqual(['a', 'b', 'made'])
  })

  test('with descendants resets all tasks below', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }, { id: 'c', parentIds: ['b'] }, { id: 'd' }])
    await world.runAll(makesChildren)
    await resetTask(world.context, { taskId: 'a' }, { remainingAttempts: 3, descendants: true })
    const tasks = await world.loadAll()
    expect([...tasks.values()].map(({ id, holds, output }) => [id, holds, output])).toEqual([
      ['a', 0, 'null'],
      ['b', 0, 'null'],
      ['c', 0, 'null'],
      ['d', Hold.complete, '2'],
    ])
    expect(await world.runAll(makesChildren)).toEqual(['a', 'made', 'b', 'c'])
  })

  test('deletes what its continuations made in turn, whatever other parents those have', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'x' }])
    const replyTo = (task: { id: string }) => {
      if (task.id === 'a') return answer({ children: [{ id: 'b', worker: 'w' }] })
      return task.id === 'b' ? answer({ children: [{ id: 'c', worker: 'w', parentIds: ['x'] }] }) : answer()
    }
    await world.runAll(replyTo)
    await resetTask(world.context, { taskId: 'a' }, options)
    expect([...(await world.loadAll()).keys()]).toEqual(['a', 'x'])
    expect(await world.runAll(replyTo)).toEqual(['a', 'b', 'c'])
    expect(await world.load('b')).toMatchObject({ errors: [] })
  })

  test('makes a complete child that made tasks run again without meeting their ids', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'p' }, { id: 'a', parentIds: ['p'] }])
    await world.runAll(makesChildren)
    await resetTask(world.context, { taskId: 'p' }, options)
    await world.runAll(makesChildren)
    expect(await world.load('a')).toMatchObject({ holds: Hold.complete, errors: [] })
  })

  test('fences the attempt in flight, and the next one has a new delivery id', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    const late = await world.claimTask('a')
    await resetTask(world.context, { taskId: 'a' }, options)
    const before = await world.fingerprint()
    expect(await world.finish(late, answer({ output: 'late', children }))).toBe('leaseLost')
    expect(await world.fingerprint()).toBe(before)
    const again = await world.claimTask('a')
    expect(again.task.run).toBe(late.task.run + 1)
    expect(await world.finish(again, answer({ output: 'fresh' }))).toBe('applied')
    expect((await world.load('a')).output).toBe('"fresh"')
  })

  test('wins over an answer that is committed at the same moment', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b', parentIds: ['a'] }])
    const claimed = await world.claimTask('a')
    const meanwhile = () => world.finish(claimed, answer({ output: 1, children }))
    const context = world.through(interruptCommit(world.storage, meanwhile))
    await resetTask(context, { taskId: 'a' }, options)
    const tasks = await world.loadAll()
    expect([...tasks.keys()]).toEqual(['a', 'b'])
    expect(tasks.get('a')).toMatchObject({ output: 'null', holds: 0 })
    expect(tasks.get('b')?.unfinishedParents).toBe(1)
  })
})

describe('a retry', () => {
  test('sets the attempts of a failed task and starts it', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', remainingAttempts: 1 }])
    await world.runAll(() => answer('', 500))
    expect((await getTask(world.context, { taskId: 'a' })).state).toBe('failed')
    const view = await retryTask(world.context, { taskId: 'a' }, { remainingAttempts: 2 })
    expect(view).toMatchObject({ state: 'ready', task: { remainingAttempts: 2, errors: ['HTTP 500'] } })
    expect(await world.runAll()).toEqual(['a'])
  })

  test('of a complete task changes nothing', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', isComplete: true }])
    const before = await world.fingerprint()
    expect((await retryTask(world.context, { taskId: 'a' }, { remainingAttempts: 2 })).state).toBe('succeeded')
    expect(await world.fingerprint()).toBe(before)
  })

  test('of a running task counts when its attempt fails', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a', remainingAttempts: 1 }])
    const claimed = await world.claimTask('a')
    await retryTask(world.context, { taskId: 'a' }, { remainingAttempts: 4 })
    expect(await world.finish(claimed, answer('', 500))).toBe('applied')
    expect((await world.load('a')).remainingAttempts).toBe(3)
  })
})

describe('a plucked task', () => {
  test('is a copy in a paused group with its parents’ results frozen in', async () => {
    const world = await openServiceWorld()
    await world.graph([
      { id: 'p', input: '[1.0]' },
      { id: 'q', isComplete: true, output: '{"q":1}' },
      { id: 'a', name: 'the one', parentIds: ['q', 'p'], input: '7', key: 'k', metadata: { m: '1' }, isPaused: true },
    ])
    await world.runAll(() => answer('{"output":1.50}'))
    const group = await pluckTask(world.context, { taskId: 'a' })
    expect(group).toMatchObject({ name: 'Copy of the one', isPaused: true, metadata: { pluckedFrom: 'a' } })
    const copy = [...(await world.loadAll(group.id)).values()].find(({ parentIds }) => parentIds.length > 0)
    expect(copy).toMatchObject({ name: 'the one', input: '7', key: '', metadata: { m: '1' }, holds: 0 })
    const results = await world.storage.getTasks(copy?.parentIds ?? [])
    const byId = new Map(results.map((task) => [task.id, task]))
    expect(copy?.parentIds.map((id) => byId.get(id)?.output)).toEqual(['{"q":1}', '1.50'])
    expect((await world.load('a')).holds).toBe(Hold.paused)
  })

  test('without parents is alone', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }])
    const group = await pluckTask(world.context, { taskId: 'a' })
    expect(group).toMatchObject({ name: 'Copy of a', counts: { waiting: 1 } })
  })
})

describe('why', () => {
  test('names the running duplicate, the hold and the parent', async () => {
    const world = await openServiceWorld()
    const now = world.clock.now()
    await world.graph([
      { id: 'first', key: 'k' },
      { id: 'twin', key: 'k', workgroup: 'ads', parentIds: ['other'] },
      { id: 'other', isPaused: true },
    ])
    await world.claimTask('first')
    await holdWorkgroup(world.context, 'ads', { until: now + 5000, reason: 'test' })
    expect(await explainTask(world.context, { taskId: 'twin' })).toMatchObject({
      state: 'blocked',
      reasons: [
        { code: 'parent_unfinished', ref: 'other' },
        { code: 'workgroup_held', ref: 'ads', until: now + 5000 },
        { code: 'duplicate_running', ref: 'first' },
      ],
    })
    expect(await explainTask(world.context, { taskId: 'first' })).toMatchObject({
      state: 'running',
      reasons: [{ code: 'running' }],
      ahead: 0,
    })
  })

  test('names the hold of the worker after a rate limit without a workgroup', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'a' }, { id: 'b' }])
    await world.finish(await world.claimTask('a'), answer('', 429, { 'retry-after': '30' }))
    expect(await explainTask(world.context, { taskId: 'a' })).toMatchObject({
      state: 'throttled',
      reasons: [{ code: 'worker_held', ref: 'w', until: world.clock.now() + 30_000 }],
    })
  })
})

test('attempts are listed newest first', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a', errorDelayInSeconds: 0 }])
  const replies = [answer('', 500), answer({ output: 1 })]
  await world.runAll(() => replies.shift() ?? answer())
  expect((await listAttempts(world.context, { taskId: 'a' })).attempts).toMatchObject([
    { number: 2, outcome: 'succeeded', error: null },
    { number: 1, outcome: 'failed', error: 'HTTP 500' },
  ])
})

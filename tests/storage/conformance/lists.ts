import { expect } from 'vitest'
import { Hold, type TaskState, taskStates, withoutPayloads } from '../../../server/core/task.ts'
import type { TaskQuery } from '../../../storage/task-storage.ts'
import { deleteTask, holdWork, insertTask, patchTask, putGroup, releaseWork } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { everyGroup, everyTask, idsOf, makeEveryState, sortedIds } from '../storage-world.ts'

/** What people look at: pages, searches and filters. */
export function describeLists(it: StorageTest): void {
  describeGroupLists(it)
  describeTaskLists(it)
  describeStateFilter(it)
  describeFilters(it)
  describeChildLists(it)
  describeBareLists(it)
  describeLookups(it)
  describeWorkgroups(it)
}

function describeGroupLists(it: StorageTest): void {
  it('groups are listed newest first, page by page', async (world) => {
    const groups = []
    for (let n = 0; n < 5; n++) groups.push(await world.addGroup())
    const newest = idsOf(groups).reverse()
    const page = async (number: number) => {
      const { groups: found, count } = await world.storage.listGroups({ search: '', page: number, pageSize: 2 })
      expect(count).toBe(5)
      return idsOf(found)
    }
    expect([await page(1), await page(2), await page(3), await page(4)]).toEqual([
      newest.slice(0, 2),
      newest.slice(2, 4),
      newest.slice(4),
      [],
    ])
    expect(idsOf((await world.storage.listGroups(everyGroup)).groups)).toEqual(newest)
  })

  it('groups of one moment are listed once each over the pages', async (world) => {
    for (let n = 0; n < 6; n++) await world.addGroup({ createdAt: world.clock.now() })
    const found: string[] = []
    for (const page of [1, 2, 3])
      found.push(...idsOf((await world.storage.listGroups({ search: '', page, pageSize: 2 })).groups))
    expect(new Set(found).size).toBe(6)
  })

  it('groups are found by a part of id or name, whatever the letter case', async (world) => {
    const byName = await world.addGroup({ name: 'Spring Campaign' })
    const byId = await world.addGroup({ id: 'campaign:7' })
    await world.addGroup({ name: 'nightly build', metadata: { campaign: 'no' } })
    const search = async (text: string) => world.storage.listGroups({ search: text, page: 1, pageSize: 0 })
    expect(idsOf((await search('CAMPAIGN')).groups)).toEqual([byId.id, byName.id])
    expect(await search('g c')).toMatchObject({ count: 1, groups: [{ id: byName.id }] })
    expect(await search('nothing like it')).toEqual({ groups: [], count: 0 })
  })

  it('signs that mean something to a database mean themselves in a search', async (world) => {
    const names = ['50% off', '50 off', 'a_b', 'axb', "it's", 'back\\slash', 'a*b', '[x]']
    const group = await world.addGroup()
    for (const name of names) {
      await world.addGroup({ name })
      await world.addTask(group, { name })
    }
    for (const [text, name] of [
      ['0%', '50% off'],
      ['a_b', 'a_b'],
      ["t's", "it's"],
      ['k\\s', 'back\\slash'],
      ['a*b', 'a*b'],
      ['[x]', '[x]'],
    ]) {
      const { groups } = await world.storage.listGroups({ search: String(text), page: 1, pageSize: 0 })
      const { tasks } = await world.storage.listTasks({ ...everyTask(group.id), search: String(text) })
      expect([...groups, ...tasks].map((found) => found.name)).toEqual([name, name])
    }
  })

  it('the groups of a list carry their books', async (world) => {
    const group = await world.addGroup()
    await makeEveryState(world)
    await world.addTask(group, { runAfter: world.clock.now() + 5 })
    for (const listed of (await world.storage.listGroups(everyGroup)).groups) {
      expect(listed).toEqual(await world.loadGroup(listed))
    }
  })
}

function describeTaskLists(it: StorageTest): void {
  it('tasks are listed oldest first, page by page', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const ids: string[] = []
    for (let n = 0; n < 7; n++) {
      ids.push((await world.addTask(group)).id)
      await world.addTask(other)
    }
    const pages: string[][] = []
    for (const page of [1, 2, 3, 4]) {
      const { tasks, count } = await world.storage.listTasks({ ...everyTask(group.id), page, pageSize: 3 })
      expect(count).toBe(7)
      pages.push(idsOf(tasks))
    }
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6), []])
  })

  it('tasks of one moment are listed once each over the pages', async (world) => {
    const group = await world.addGroup()
    const createdAt = world.clock.now()
    await world.commit(...Array.from({ length: 20 }, () => insertTask(world.task({ groupId: group.id, createdAt }))))
    const found: string[] = []
    for (const page of [1, 2, 3]) found.push(...(await world.listIds(group, { page, pageSize: 7 })))
    expect(new Set(found).size).toBe(20)
  })

  it('an unknown group has no tasks', async (world) => {
    expect(await world.storage.listTasks(everyTask('nowhere'))).toEqual({ tasks: [], count: 0 })
  })

  it('tasks are found by a part of id, name, worker or key, whatever the letter case', async (world) => {
    const group = await world.addGroup()
    const found = [
      await world.addTask(group, { id: 'send-MAIL-1' }),
      await world.addTask(group, { name: 'Mailing' }),
      await world.addTask(group, { worker: 'email/v2' }),
      await world.addTask(group, { key: 'mail:bob', mergeKey: 'mail:bob' }),
    ]
    await world.addTask(group, { workgroup: 'mail', input: '"mail"', metadata: { mail: 'mail' }, errors: ['mail'] })
    const { tasks, count } = await world.storage.listTasks({ ...everyTask(group.id), search: 'mAIl' })
    expect([idsOf(tasks), count]).toEqual([idsOf(found), 4])
  })

  it('a search reaches all pages and no other group', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    for (let n = 0; n < 6; n++) await world.addTask(group, { name: n % 2 === 0 ? 'even' : 'odd' })
    await world.addTask(other, { name: 'even' })
    const { tasks, count } = await world.storage.listTasks({
      ...everyTask(group.id),
      search: 'even',
      page: 2,
      pageSize: 2,
    })
    expect([tasks.length, count]).toEqual([1, 3])
  })

  it('completed tasks can be skipped', async (world) => {
    const group = await world.addGroup()
    const open = await world.addTask(group)
    await world.addTask(group, { holds: Hold.complete })
    const failed = await world.addTask(group, { holds: Hold.exhausted })
    const page = { ...everyTask(group.id), skipCompleted: true, pageSize: 1 }
    expect(await world.listIds(group, { skipCompleted: true })).toEqual(idsOf([open, failed]))
    expect(await world.storage.listTasks(page)).toEqual({ tasks: [open], count: 2 })
  })
}

function describeStateFilter(it: StorageTest): void {
  it('each state lists the tasks that are in it', async (world) => {
    const made = await makeEveryState(world)
    const groupId = String(made.ready?.groupId)
    for (const state of taskStates) {
      const { tasks, count } = await world.storage.listTasks({ ...everyTask(groupId), states: [state] })
      expect([state, idsOf(tasks), count]).toEqual([state, [made[state]?.id], 1])
    }
  })

  it('several states list the tasks that are in one of them', async (world) => {
    const made = await makeEveryState(world)
    const groupId = String(made.ready?.groupId)
    const query = { ...everyTask(groupId), states: ['failed', 'blocked', 'throttled', 'failed'] as const }
    const wanted = [made.blocked, made.throttled, made.failed].map((task) => task?.id)
    const { tasks, count } = await world.storage.listTasks(query)
    expect([idsOf(tasks), count]).toEqual([wanted, 3])
    const page = await world.storage.listTasks({ ...query, page: 2, pageSize: 2 })
    expect([idsOf(page.tasks), page.count]).toEqual([wanted.slice(2), 3])
    expect(await world.listIds({ id: groupId }, { states: ['succeeded', 'running'] })).toHaveLength(2)
    expect(await world.listIds({ id: groupId }, { states: [] })).toEqual([])
  })

  it('what is complete is skipped among several states as well', async (world) => {
    const made = await makeEveryState(world)
    const query = { states: ['succeeded', 'failed'] as const, skipCompleted: true }
    const { tasks, count } = await world.storage.listTasks({ ...everyTask(String(made.ready?.groupId)), ...query })
    expect([idsOf(tasks), count]).toEqual([[made.failed?.id], 1])
  })

  it('in a paused group all that could move is paused', async (world) => {
    const made = await makeEveryState(world)
    const group = await world.loadGroup({ id: String(made.ready?.groupId) })
    await world.commit(putGroup({ ...group, isPaused: true }))
    const still: TaskState[] = ['running', 'succeeded', 'failed']
    for (const state of taskStates) {
      const ids = await world.listIds(group, { states: [state] })
      if (state === 'paused') expect(ids).toHaveLength(taskStates.length - still.length)
      else expect(ids).toEqual(still.includes(state) ? [made[state]?.id] : [])
    }
  })

  it('the states that turn with time turn', async (world) => {
    const made = await makeEveryState(world)
    const group = { id: String(made.ready?.groupId) }
    world.clock.advance(5_000)
    expect((await world.listIds(group, { states: ['ready'] })).sort()).toEqual(
      [made.ready?.id, made.scheduled?.id, made.retrying?.id].sort(),
    )
    expect(await world.listIds(group, { states: ['throttled'] })).toEqual([made.throttled?.id])
    world.clock.advance(55_000)
    expect(await world.listIds(group, { states: ['throttled'] })).toEqual([])
    expect(await world.listIds(group, { states: ['ready'] })).toHaveLength(4)
  })

  it('a task held by its worker is throttled', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { worker: 'held' })
    const later = await world.addTask(group, { worker: 'held', runAfter: world.clock.now() + 10 })
    await world.commit(holdWork('worker', 'held', world.clock.now() + 1_000))
    expect(await world.listIds(group, { states: ['throttled'] })).toEqual([task.id])
    expect(await world.listIds(group, { states: ['scheduled'] })).toEqual([later.id])
    await world.commit(releaseWork('worker', 'held'))
    expect(await world.listIds(group, { states: ['ready'] })).toEqual([task.id])
  })

  it('a task that waits for its merge key is ready', async (world) => {
    const group = await world.addGroup()
    const running = await world.addTask(group, { key: 'k', mergeKey: 'k' })
    const waiting = await world.addTask(group, { key: 'k', mergeKey: 'k' })
    await world.claimTask(running)
    expect(await world.listIds(group, { states: ['ready'] })).toEqual([waiting.id])
  })

  it('a state is paged and counted like any filter', async (world) => {
    const group = await world.addGroup()
    for (let n = 0; n < 9; n++) await world.addTask(group, { holds: n % 3 === 0 ? Hold.paused : 0 })
    for (const [state, count] of [
      ['paused', 3],
      ['ready', 6],
    ] as const) {
      const page = await world.storage.listTasks({ ...everyTask(group.id), states: [state], page: 2, pageSize: 2 })
      expect([page.tasks.length, page.count]).toEqual([count === 3 ? 1 : 2, count])
    }
  })
}

function describeFilters(it: StorageTest): void {
  it('worker, workgroup and key are matched whole', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { worker: 'mail', workgroup: 'api', key: 'k', mergeKey: 'g:k' })
    const near = await world.addTask(group, { worker: 'Mail', workgroup: 'api2', key: 'kk', mergeKey: 'g:kk' })
    for (const filter of [{ worker: 'mail' }, { workgroup: 'api' }, { key: 'k' }]) {
      expect(await world.listIds(group, filter)).toEqual([task.id])
    }
    expect(await world.listIds(group, { worker: 'mai' })).toEqual([])
    expect(await world.listIds(group, { key: 'g:k' })).toEqual([])
    await world.commit(patchTask(near.id, { worker: 'mail', workgroup: 'api', key: 'k', mergeKey: 'g:k' }))
    for (const filter of [{ worker: 'mail' }, { workgroup: 'api' }, { key: 'k' }]) {
      expect(await world.listIds(group, filter)).toEqual([task.id, near.id])
    }
  })

  it('the empty workgroup and key are filters of their own', async (world) => {
    const group = await world.addGroup()
    const plain = await world.addTask(group)
    await world.addTask(group, { workgroup: 'api', key: 'k', mergeKey: 'k' })
    expect(await world.listIds(group, { workgroup: '' })).toEqual([plain.id])
    expect(await world.listIds(group, { key: '' })).toEqual([plain.id])
  })

  it('metadata has to match in every name that is asked for', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const both = await world.addTask(group, { metadata: { team: 'ads', stage: 'prod' } })
    const one = await world.addTask(group, { metadata: { team: 'ads', stage: 'test' } })
    await world.addTask(group, { metadata: { team: 'Ads' } })
    await world.addTask(other, { metadata: { team: 'ads', stage: 'prod' } })
    expect(await world.listIds(group, { metadata: { team: 'ads' } })).toEqual(idsOf([both, one]))
    expect(await world.listIds(group, { metadata: { team: 'ads', stage: 'prod' } })).toEqual([both.id])
    expect(await world.listIds(group, { metadata: { stage: 'ads' } })).toEqual([])
    expect(await world.listIds(group, { metadata: { toString: 'x' } })).toEqual([])
    expect(await world.listIds(group, { metadata: {} })).toHaveLength(3)
  })

  it('metadata names may be anything', async (world) => {
    const group = await world.addGroup()
    const names = ['a.b', '"q"', "it's", '$', '', 'a[0]', 'ü\u{1f6f0}', '%', 'constructor']
    const task = await world.addTask(group, { metadata: Object.fromEntries(names.map((name) => [name, `=${name}`])) })
    await world.addTask(group, { metadata: { a: '{"b":"=a.b"}' } })
    for (const name of names)
      expect(await world.listIds(group, { metadata: { [name]: `=${name}` } })).toEqual([task.id])
  })

  it('a filter follows the metadata when it is replaced', async (world) => {
    const group = await world.addGroup()
    const task = await world.addTask(group, { metadata: { team: 'ads', stage: 'prod' } })
    await world.commit(patchTask(task.id, { metadata: { team: 'mail' } }))
    expect(await world.listIds(group, { metadata: { team: 'ads' } })).toEqual([])
    expect(await world.listIds(group, { metadata: { stage: 'prod' } })).toEqual([])
    expect(await world.listIds(group, { metadata: { team: 'mail' } })).toEqual([task.id])
  })

  it('all filters together leave what passes each of them', async (world) => {
    const group = await world.addGroup()
    const fields = { name: 'wanted', worker: 'w', workgroup: 'wg', key: 'k', mergeKey: '', metadata: { a: '1' } }
    const { id } = await world.addTask(group, fields)
    for (const other of [
      { name: 'x' },
      { worker: 'x' },
      { workgroup: 'x' },
      { key: 'x' },
      { metadata: {} },
      { holds: 2 },
    ]) {
      await world.addTask(group, { ...fields, ...other })
    }
    const filter = { worker: 'w', workgroup: 'wg', key: 'k', metadata: { a: '1' }, skipCompleted: true }
    const query = { ...everyTask(group.id), ...filter, search: 'WANT', states: ['ready'] as const, pageSize: 5 }
    const { tasks, count } = await world.storage.listTasks(query)
    expect([idsOf(tasks), count]).toEqual([[id], 1])
  })
}

function describeChildLists(it: StorageTest): void {
  it('the children of a task are listed like any tasks', async (world) => {
    const [group, other] = [await world.addGroup(), await world.addGroup()]
    const [parent, stranger] = [await world.addTask(group), await world.addTask(group)]
    const children = []
    for (const parents of [[parent], [stranger], [parent, stranger], [parent]])
      children.push(await world.addTask(group, { parentIds: idsOf(parents) }))
    await world.addTask(group, { parentIds: [String(children[0]?.id)] })
    const wanted = idsOf(children.filter(({ parentIds }) => parentIds.includes(parent.id)))
    const page = { ...everyTask(group.id), parent: parent.id, page: 2, pageSize: 2 }
    expect(await world.listIds(group, { parent: parent.id })).toEqual(wanted)
    expect(idsOf((await world.storage.listTasks(page)).tasks)).toEqual(wanted.slice(2))
    expect((await world.storage.listTasks(page)).count).toBe(3)
    expect(await world.listIds(group, { parent: parent.id, search: String(wanted[1]) })).toEqual([wanted[1]])
    expect(await world.listIds(group, { parent: parent.id, states: ['ready'] })).toEqual([])
    for (const [where, of] of [
      [other, parent.id],
      [group, 'nobody'],
      [group, String(wanted[2])],
    ] as const)
      expect(await world.storage.listTasks({ ...everyTask(where.id), parent: of })).toEqual({ tasks: [], count: 0 })
  })

  it('a child that is deleted is listed no more', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id] })
    await world.commit(deleteTask(child.id))
    expect(await world.listIds(group, { parent: parent.id })).toEqual([])
  })
}

function describeBareLists(it: StorageTest): void {
  it('tells only the newest error where no more are asked for', async (world) => {
    const group = await world.addGroup()
    const errors = [[], ['a'], ['a', 'b "c" \u{1F600}'], ['a', ''], ['a', 'cut \0 here \ud800']]
    for (const each of errors) await world.addTask(group, { errors: each, failures: each.length })
    const query = { groupId: group.id, page: 1, pageSize: 0, search: '', skipCompleted: false, payloads: false }
    for (const filter of [{}, { worker: 'worker' }]) {
      const errorsOf = async (more: Partial<TaskQuery>) => {
        const { tasks } = await world.storage.listTasks({ ...query, ...filter, ...more })
        return tasks.map((task) => task.errors)
      }
      expect(await errorsOf({ errors: 'last' })).toEqual(errors.map((each) => each.slice(-1)))
      expect(await errorsOf({})).toEqual(errors)
    }
  })

  it('without payloads a list tells everything else', async (world) => {
    const group = await world.addGroup()
    const long = JSON.stringify('x'.repeat(70_000))
    const fields = { name: 'N'.repeat(100), errors: ['e'.repeat(100)], metadata: { a: 'b' }, worker: 'w', key: 'k' }
    for (const payloads of [
      { input: '1', output: '[2]' },
      { input: long, output: long },
      { input: JSON.stringify('y'.repeat(500)) },
    ])
      await world.addTask(group, { ...fields, ...payloads })
    for (const filter of [{}, { worker: 'w' }, { states: ['ready'] as const }]) {
      const query = { ...everyTask(group.id), ...filter }
      const whole = await world.storage.listTasks(query)
      const bare = await world.storage.listTasks({ ...query, payloads: false })
      expect(whole.tasks[1]).toMatchObject({ input: long, output: long })
      expect(bare).toEqual({ tasks: whole.tasks.map(withoutPayloads), count: 3 })
      expect(await world.storage.listTasks({ ...query, payloads: true })).toEqual(whole)
    }
  })
}

function describeLookups(it: StorageTest): void {
  it('of many ids the tasks that exist are answered', async (world) => {
    const group = await world.addGroup()
    const tasks = [await world.addTask(group), await world.addTask(group)]
    const unknown = Array.from({ length: 40_000 }, (_, n) => `unknown-${n}`)
    expect(sortedIds(await world.storage.getTasks([...unknown, ...idsOf(tasks)]))).toEqual(sortedIds(tasks))
    expect(await world.storage.getTasks([])).toEqual([])
  })

  it('children, creations and holds are found for many names at once', async (world) => {
    const group = await world.addGroup()
    const parent = await world.addTask(group)
    const child = await world.addTask(group, { parentIds: [parent.id], createdBy: parent.id })
    await world.commit(holdWork('workgroup', parent.id, world.clock.now() + 5))
    const names = [...Array.from({ length: 40_000 }, (_, n) => `unknown-${n}`), parent.id]
    expect(idsOf(await world.storage.listChildren(names))).toEqual([child.id])
    expect(idsOf(await world.storage.listCreatedBy(names))).toEqual([child.id])
    expect(await world.storage.listHolds('workgroup', names)).toHaveLength(1)
  })
}

function describeWorkgroups(it: StorageTest): void {
  const everyWorkgroup = { page: 1, pageSize: 0 }

  it('workgroups are listed by name with what waits and runs in them', async (world) => {
    const now = world.clock.now()
    const group = await world.addGroup()
    const running = await world.addTask(group, { workgroup: 'b' })
    await world.claimTask(running)
    await world.addTask(group, { workgroup: 'b' })
    await world.addTask(group, { workgroup: 'b', runAfter: now + 1_000 })
    await world.addTask(group, { workgroup: 'b', holds: Hold.paused })
    await world.addTask(group, { workgroup: 'b', holds: Hold.complete })
    await world.addTask(group, { workgroup: 'b', parentIds: [running.id] })
    await world.addTask(group, { workgroup: 'a' })
    await world.addTask(group)
    await world.commit(
      holdWork('workgroup', 'a', now + 500, 'rate limit'),
      holdWork('workgroup', 'c', now + 700, 'by hand'),
    )
    expect(await world.storage.listWorkgroups(everyWorkgroup)).toEqual({
      workgroups: [
        {
          name: 'a',
          heldUntil: now + 500,
          reason: 'rate limit',
          waiting: 1,
          oldestDueAt: null,
          running: 0,
          total: 1,
          completed: 0,
        },
        { name: 'b', heldUntil: 0, reason: '', waiting: 1, oldestDueAt: null, running: 1, total: 6, completed: 1 },
        {
          name: 'c',
          heldUntil: now + 700,
          reason: 'by hand',
          waiting: 0,
          oldestDueAt: null,
          running: 0,
          total: 0,
          completed: 0,
        },
      ],
      count: 3,
    })
  })

  it('a workgroup that nothing names any more is gone', async (world) => {
    const group = await world.addGroup()
    const [moved, deleted] = [
      await world.addTask(group, { workgroup: 'a' }),
      await world.addTask(group, { workgroup: 'b' }),
    ]
    await world.commit(holdWork('workgroup', 'c', world.clock.now() + 500))
    await world.commit(patchTask(moved.id, { workgroup: '' }), deleteTask(deleted.id), releaseWork('workgroup', 'c'))
    expect(await world.storage.listWorkgroups(everyWorkgroup)).toEqual({ workgroups: [], count: 0 })
  })

  it('workgroups are listed page by page', async (world) => {
    const group = await world.addGroup()
    for (const workgroup of ['d', 'a', 'c', 'b', 'e']) await world.addTask(group, { workgroup })
    const page = async (number: number) => {
      const { workgroups, count } = await world.storage.listWorkgroups({ page: number, pageSize: 2 })
      return [...workgroups.map(({ name }) => name), count]
    }
    expect([await page(1), await page(2), await page(3), await page(4)]).toEqual([
      ['a', 'b', 5],
      ['c', 'd', 5],
      ['e', 5],
      [5],
    ])
  })

  it('one workgroup can be asked for by name', async (world) => {
    await world.addTask(await world.addGroup(), { workgroup: 'api' })
    await world.commit(holdWork('workgroup', 'held', world.clock.now() + 500, 'why'))
    const named = async (name: string) => world.storage.listWorkgroups({ ...everyWorkgroup, name })
    expect(await named('api')).toMatchObject({ workgroups: [{ name: 'api', waiting: 1 }], count: 1 })
    expect(await named('held')).toMatchObject({ workgroups: [{ name: 'held', reason: 'why' }], count: 1 })
    expect(await named('ap')).toEqual({ workgroups: [], count: 0 })
    expect(await named('')).toEqual({ workgroups: [], count: 0 })
  })

  it('what a paused group holds back does not wait in its workgroup', async (world) => {
    await world.addTask(await world.addGroup({ isPaused: true }), { workgroup: 'api' })
    const { workgroups } = await world.storage.listWorkgroups(everyWorkgroup)
    expect(workgroups).toEqual([
      { name: 'api', heldUntil: 0, reason: '', waiting: 0, oldestDueAt: null, running: 0, total: 1, completed: 0 },
    ])
  })

  it('a hold that ended shows no more', async (world) => {
    const group = await world.addGroup()
    await world.addTask(group, { workgroup: 'a' })
    await world.commit(holdWork('workgroup', 'a', world.clock.now() + 500, 'rate limit'))
    world.clock.advance(500)
    const { workgroups } = await world.storage.listWorkgroups(everyWorkgroup)
    expect(workgroups).toEqual([
      { name: 'a', heldUntil: 0, reason: '', waiting: 1, oldestDueAt: null, running: 0, total: 1, completed: 0 },
    ])
  })
}

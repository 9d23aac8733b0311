import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi } from './make-api.ts'

const now = '2026-11-22T10:00:00.000Z'
const noTasks = {
  blocked: 0,
  scheduled: 0,
  retrying: 0,
  throttled: 0,
  ready: 0,
  paused: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
}

describe('a task group', () => {
  test('is created with every field of the wire', async () => {
    const api = await makeApi()
    const named = { id: 'campaign', name: 'Campaign', metadata: { team: 'ads' } }
    const body = { ...named, keyScope: 'worker', onTaskFailure: 'failFast', isPaused: true }
    expect(await api.json('POST', '/api/v1/task_groups', body)).toEqual({
      ...body,
      notify: [],
      finally: null,
      stoppedBy: null,
      isSettled: false,
      createdAt: now,
      state: 'empty',
      counts: noTasks,
      completedPercent: 0,
    })
  })

  test('gets an id, a name and defaults when the client gives none', async () => {
    const api = await makeApi()
    for (const body of [{}, { id: '' }, { id: null, name: '' }, undefined]) {
      const answer = await api.call('POST', '/api/v1/task_groups', body === undefined ? {} : { body })
      expect(answer.statusCode).toBe(200)
      expect(answer.json()).toMatchObject({
        name: '',
        metadata: {},
        keyScope: 'group',
        onTaskFailure: 'wait',
        isPaused: false,
      })
      expect(answer.json().id).toMatch(/^id-\d+$/)
    }
  })

  test('is read, changed and deleted', async () => {
    const api = await makeApi()
    const created = await api.json('POST', '/api/v1/task_groups', { id: 'g', name: 'before' })
    expect(await api.json('GET', '/api/v1/task_group/g')).toEqual(created)

    const edit = { name: 'after', metadata: { a: 'b' }, keyScope: 'worker', onTaskFailure: 'continue' }
    expect(await api.json('PUT', '/api/v1/task_group/g', edit)).toEqual({ ...created, ...edit })
    expect(await api.json('GET', '/api/v1/task_group/g')).toEqual({ ...created, ...edit })

    expect(await api.json('DELETE', '/api/v1/task_group/g')).toEqual({ id: 'g', deleted: true })
    expectProblem(await api.call('GET', '/api/v1/task_group/g'), 404, 'group_not_found')
  })

  test('that is sent back whole is changed only where it may be', async () => {
    const api = await makeApi()
    const created = await api.json('POST', '/api/v1/task_groups', { id: 'g', name: 'before' })
    const answer = await api.json('PUT', '/api/v1/task_group/g', {
      ...created,
      id: 'other',
      name: 'after',
      isPaused: true,
    })
    expect(answer).toEqual({ ...created, name: 'after' })
  })

  test('shows how much of it is complete, weighted', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', {
      id: 'g',
      name: 'G',
      tasks: [
        { id: 'a', worker: 'w', progressWeight: 3, isComplete: true },
        { id: 'b', worker: 'w' },
      ],
    })
    expect(await api.json('GET', '/api/v1/task_group/g/progress')).toEqual({ completedPercent: 0.75 })
    const group = await api.json('GET', '/api/v1/task_group/g')
    expect(group).toMatchObject({
      state: 'active',
      counts: { ...noTasks, ready: 1, succeeded: 1 },
      completedPercent: 0.75,
    })
  })
})

describe('the list of groups', () => {
  test('is newest first, paged and searched, with the count over all pages', async () => {
    const api = await makeApi()
    for (const id of ['a', 'b', 'c']) await api.json('POST', '/api/v1/task_groups', { id, name: `Name ${id}` })
    const idsOf = async (query: string) => {
      const { taskGroups, count } = await api.json('GET', `/api/v1/task_groups${query}`)
      return [taskGroups.map((group: { id: string }) => group.id), count]
    }
    expect(await idsOf('')).toEqual([['c', 'b', 'a'], 3])
    expect(await idsOf('?page=2&pageSize=2&search=')).toEqual([['a'], 3])
    expect(await idsOf('?page=1&pageSize=0')).toEqual([['c', 'b', 'a'], 3])
    expect(await idsOf('?page=9')).toEqual([[], 3])
    expect(await idsOf('?search=NAME%20b')).toEqual([['b'], 1])
  })

  test('is filtered by state, by what failed and by when, and sorted', async () => {
    const api = await makeApi()
    const graphs = {
      empty: [],
      running: [{ worker: 'w' }],
      broken: [{ worker: 'w', remainingAttempts: 0 }],
      mixed: [{ worker: 'w' }, { worker: 'w', remainingAttempts: 0 }],
    }
    for (const [id, tasks] of Object.entries(graphs)) {
      await api.json('POST', '/api/v1/task_groups/graph', { id, name: `${id} group`, tasks })
      api.clock.advance(60_000)
    }
    const idsOf = async (query: string) => {
      const { taskGroups, count } = await api.json('GET', `/api/v1/task_groups?${query}`)
      expect(count).toBe(taskGroups.length)
      return taskGroups.map((group: { id: string }) => group.id)
    }
    expect(await idsOf('state=active')).toEqual(['mixed', 'running'])
    expect(await idsOf('state=failed,empty')).toEqual(['broken', 'empty'])
    expect(await idsOf('state=succeeded')).toEqual([])
    expect(await idsOf('failing=true')).toEqual(['mixed', 'broken'])
    expect(await idsOf('failing=true&state=active&search=GROUP')).toEqual(['mixed'])
    expect(await idsOf('failing=false&state=&sort=')).toHaveLength(4)
    expect(await idsOf('sort=createdAt')).toEqual(Object.keys(graphs))
    expect(await idsOf('sort=name')).toEqual(['broken', 'empty', 'mixed', 'running'])
    expect(await idsOf('sort=-name&failing=true')).toEqual(['mixed', 'broken'])
    expect(await idsOf('createdAfter=2026-11-22T10:01:00Z&sort=createdAt')).toEqual(['running', 'broken', 'mixed'])
    expect(await idsOf('createdBefore=2026-11-22T11:01:00%2B01:00')).toEqual(['empty'])
  })

  test('holds twenty a page unless asked otherwise', async () => {
    const api = await makeApi()
    for (let i = 0; i < 21; i++) await api.json('POST', '/api/v1/task_groups', { name: `${i}` })
    expect((await api.json('GET', '/api/v1/task_groups')).taskGroups).toHaveLength(20)
    expect((await api.json('GET', '/api/v1/task_groups?pageSize=0')).taskGroups).toHaveLength(21)
  })
})

describe('what is done to a whole group', () => {
  test('pausing holds tasks created later too, and resuming clears the own pause of its tasks', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'own', worker: 'w', isPaused: true })
    expect(await api.json('POST', '/api/v1/task_group/g/pause')).toEqual({ success: true })
    const later = await api.json('POST', '/api/v1/task_group/g/tasks', { id: 'later', worker: 'w' })
    expect([later.state, later.isPaused]).toEqual(['paused', false])
    expect(await api.json('POST', '/api/v1/task_group/g/resume', {})).toEqual({ success: true })
    for (const id of ['own', 'later']) {
      expect(await api.json('GET', `/api/v1/task/${id}`)).toMatchObject({ isPaused: false, state: 'ready' })
    }
  })

  test('resetting deletes all but the seeds and gives those their attempts', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', {
      id: 'g',
      tasks: [
        { id: 'seed', worker: 'w', isSeed: true, isComplete: true, output: 1 },
        { id: 'leaf', worker: 'w', parentIds: ['seed'] },
      ],
    })
    expect(await api.json('POST', '/api/v1/task_group/g/reset', { remainingAttempts: 7 })).toEqual({ success: true })
    const { tasks } = await api.json('GET', '/api/v1/task_group/g/tasks')
    expect(tasks).toMatchObject([{ id: 'seed', isComplete: false, output: null, remainingAttempts: 7 }])
    await api.json('POST', '/api/v1/task_group/g/reset')
    expect(await api.json('GET', '/api/v1/task/seed')).toMatchObject({ remainingAttempts: 5 })
  })

  test('retrying sets the attempts of what is not complete', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', {
      id: 'g',
      tasks: [
        { id: 'failed', worker: 'w', remainingAttempts: 0 },
        { id: 'done', worker: 'w', isComplete: true, remainingAttempts: 2 },
      ],
    })
    expect(await api.json('GET', '/api/v1/task_group/g')).toMatchObject({ state: 'failed' })
    expect(await api.json('POST', '/api/v1/task_group/g/retry', { remainingAttempts: 3 })).toEqual({ success: true })
    expect(await api.json('GET', '/api/v1/task/failed')).toMatchObject({ remainingAttempts: 3, state: 'ready' })
    expect(await api.json('GET', '/api/v1/task/done')).toMatchObject({ remainingAttempts: 2, state: 'succeeded' })
    await api.json('POST', '/api/v1/task_group/g/retry')
    expect(await api.json('GET', '/api/v1/task/failed')).toMatchObject({ remainingAttempts: 5 })
  })
})

describe('what is due again in a whole group', () => {
  const tasks = Array.from({ length: 4 }, (_, at) => ({ id: `t${at}`, worker: 'w', remainingAttempts: 0 }))
  const dueAt = async (api: Api) => {
    const { tasks } = await api.json('GET', '/api/v1/task_group/g/tasks')
    return tasks.map((task: { runAfter: string }) => task.runAfter)
  }
  const spread = [now, '2026-11-22T10:00:15.000Z', '2026-11-22T10:00:30.000Z', '2026-11-22T10:00:45.000Z']

  test('by a retry is spread evenly over the time that is asked for', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    const body = { remainingAttempts: 1, spreadSeconds: 60 }
    expect(await api.json('POST', '/api/v1/task_group/g/retry', body)).toEqual({ success: true })
    expect(await dueAt(api)).toEqual(spread)
  })

  test('by a resume is spread evenly over the time that is asked for', async () => {
    const api = await makeApi()
    const paused = tasks.map((task) => ({ ...task, remainingAttempts: 1 }))
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', isPaused: true, tasks: paused })
    expect(await api.json('POST', '/api/v1/task_group/g/resume', { spreadSeconds: 60 })).toEqual({ success: true })
    expect(await dueAt(api)).toEqual(spread)
  })

  test.each([-1, '5', null, 86_401, [], true])('is not spread over %j', async (spreadSeconds) => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', isPaused: true, tasks })
    const before = await api.fingerprint()
    for (const action of ['retry', 'resume']) {
      const answer = await api.call('POST', `/api/v1/task_group/g/${action}`, { body: { spreadSeconds } })
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/spreadSeconds' }])
    }
    expect(await api.fingerprint()).toBe(before)
  })
})

describe('a graph', () => {
  test('is created in one call whatever the order of its tasks', async () => {
    const api = await makeApi()
    const group = await api.json('POST', '/api/v1/task_groups/graph', {
      id: 'diamond',
      name: 'Diamond',
      metadata: { kind: 'demo' },
      tasks: [
        { id: 'd', worker: 'w', parentIds: ['b', 'c'] },
        { id: 'b', worker: 'w', parentIds: ['a'] },
        { id: 'c', worker: 'w', parentIds: ['a'] },
        { id: 'a', worker: 'w' },
      ],
    })
    expect(group).toMatchObject({ id: 'diamond', name: 'Diamond', metadata: { kind: 'demo' }, state: 'active' })
    expect(group.counts).toEqual({ ...noTasks, ready: 1, blocked: 3 })
    expect((await api.json('GET', '/api/v1/task/d')).parentIds).toEqual(['b', 'c'])
  })

  test('may be created paused', async () => {
    const api = await makeApi()
    const graph = { id: 'g', isPaused: true, tasks: [{ worker: 'w' }] }
    expect(await api.json('POST', '/api/v1/task_groups/graph', graph)).toMatchObject({
      isPaused: true,
      state: 'paused',
    })
  })
})

import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { type Api, expectProblem, type Json, makeApi, TOKEN } from './make-api.ts'

const list = async (api: Api, query = ''): Promise<Json[]> =>
  (await api.json('GET', `/api/v1/activity${query}`)).activity
const makeGroup = (api: Api, id = 'g') =>
  api.json('POST', '/api/v1/task_groups/graph', { id, tasks: [{ id: `${id}-t`, worker: 'w' }] })

describe('the activity', () => {
  test('tells who did what to what, newest first, under the id of the request', async () => {
    const api = await makeApi()
    await makeGroup(api)
    await api.json('POST', '/api/v1/users', { name: 'dana', role: 'operator', password: 'a long password' })
    const { token } = await api.json('POST', '/login', { username: 'dana', password: 'a long password' })
    const headers = { authorization: token }
    api.clock.advance(1000)
    await api.call('POST', '/api/v1/task_group/g/retry', { headers, body: { remainingAttempts: 3 } })
    const paused = await api.call('POST', '/api/v1/workgroup/shop/pause', { headers, body: { reason: 'because' } })
    expect(paused.statusCode).toBe(200)
    const told = await list(api)
    expect(told[0]).toEqual({
      id: expect.any(String),
      at: new Date(api.clock.now()).toISOString(),
      actor: 'dana',
      action: 'pauseWorkgroup',
      target: { kind: 'workgroup', id: 'shop' },
      summary: 'Hold a workgroup, for a while or until it is resumed: reason',
      requestId: expect.any(String),
    })
    expect(told.map(({ actor, action, target }) => [actor, action, target.kind, target.id])).toEqual([
      ['dana', 'pauseWorkgroup', 'workgroup', 'shop'],
      ['dana', 'retryTaskGroup', 'taskGroup', 'g'],
      ['token:CREW_AUTH_TOKEN', 'createUser', 'user', 'dana'],
    ])
    expect(told[1].summary).toMatch(/: remainingAttempts 3$/)
  })

  test('has no reads, no refusals, no trials, no logins and nothing that comes in masses', async () => {
    const api = await makeApi()
    await makeGroup(api)
    await api.json('POST', '/api/v1/task_groups', { id: 'other' })
    await api.json('POST', '/api/v1/task_group/other/tasks', { worker: 'w' })
    await api.json('POST', '/api/v1/task_group/other/tasks/batch', { tasks: [{ worker: 'w' }] })
    await api.json('GET', '/api/v1/task_groups')
    const { token } = await api.json('POST', '/login', { username: 'admin', password: 'secret' })
    await api.call('POST', '/logout', { headers: { authorization: token } })
    expectProblem(await api.call('POST', '/api/v1/task_group/none/pause'), 404, 'group_not_found')
    expectProblem(await api.call('PUT', '/api/v1/traffic', { body: { maxConcurrent: 'x' } }), 422, 'invalid_request')
    expectProblem(
      await api.call('DELETE', '/api/v1/task_group/g', { headers: { authorization: '' } }),
      401,
      'unauthorized',
    )
    expect(await list(api)).toEqual([])
  })

  test('never holds what was sent: no input, no password, no secret', async () => {
    const api = await makeApi()
    await makeGroup(api)
    const canary = 'canary-canary'
    await api.json('PUT', '/api/v1/task/g-t', { name: canary, input: { canary }, [`${canary}`]: 1 })
    await api.json('POST', '/api/v1/users', { name: 'dana', role: 'viewer', password: canary })
    await api.json('PUT', '/api/v1/user/dana', { role: 'operator', password: canary })
    await api.json('PUT', '/api/v1/worker/w', { url: `https://${canary}.example/`, headers: { 'x-shop': canary } })
    const { secret, id } = await api.json('POST', '/api/v1/tokens', { name: 'ci', role: 'viewer' })
    const told = await list(api)
    expect(told.map(({ action, summary }) => [action, summary])).toEqual([
      ['createToken', 'Make a token for a program: "ci", role viewer'],
      ['updateWorker', 'Set how a worker is called, and how fast: url, headers'],
      ['updateUser', "Change a user's role or password: role operator, password"],
      ['createUser', 'Add a user: name, role viewer, password'],
      ['updateTask', 'Change a task: name, input'],
    ])
    expect(told[0].target).toEqual({ kind: 'token', id })
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${canary}|${secret}`))
    const { records } = await api.storage.listRecords('activity', { page: 1, pageSize: 0 })
    expect(JSON.stringify(records)).not.toContain(canary)
  })

  test('tells of a bulk operation what it does to how many, and not of its preview', async () => {
    const api = await makeApi()
    await makeGroup(api)
    const asked = { dryRun: true, action: 'pause', target: 'tasks', ids: ['g-t'] }
    const { snapshot } = await api.json('POST', '/api/v1/bulk', asked)
    const { id } = await api.json('POST', '/api/v1/bulk', { snapshot })
    expect((await list(api)).map(({ summary, target }) => [summary, target])).toEqual([
      ['Begin a bulk operation: pause tasks, 1 in all', { kind: 'bulk', id }],
    ])
  })

  test('tells of an operator which one was made, as it does when it is changed', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/operators', { channel: 'shop/orders', url: 'https://e.com/' })
    await api.json('PUT', '/api/v1/operator/shop/orders', { isPaused: true })
    const target = { kind: 'operator', id: 'shop/orders' }
    expect((await list(api)).map((one) => [one.action, one.target])).toEqual([
      ['updateOperator', target],
      ['createOperator', target],
    ])
  })

  test('has what was done although the body calls it a trial', async () => {
    const api = await makeApi()
    await makeGroup(api)
    const dryRun = true
    await api.json('POST', '/api/v1/users', { name: 'dana', role: 'admin', password: 'a long password', dryRun })
    await api.json('POST', '/api/v1/task_group/g/reset', { dryRun })
    await api.json('DELETE', '/api/v1/task_group/g', { dryRun })
    expect((await list(api)).map(({ action }) => action)).toEqual(['deleteTaskGroup', 'resetTaskGroup', 'createUser'])
  })

  test('has what was done also of who did not wait for the answer', async () => {
    let gone = Promise.resolve()
    const commit = (storage: TaskStorage): TaskStorage['commit'] => {
      return async (changeSets) => {
        const results = await storage.commit(changeSets)
        await gone
        return results
      }
    }
    const api = await makeApi({ wrap: (storage) => wrapStorage(storage, { commit: commit(storage) }) })
    await makeGroup(api)
    const { hostname, port } = new URL(await api.listen())
    const client = connect(Number(port), hostname)
    gone = new Promise((resolve) => {
      api.app.server.prependListener('request', (_request, answer) => {
        answer.once('close', resolve)
        client.destroy()
      })
    })
    client.write(`DELETE /api/v1/task_group/g HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\n\r\n`)
    await gone
    while ((await list(api)).length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect((await list(api)).map(({ action }) => action)).toEqual(['deleteTaskGroup'])
  })

  test('is filtered by who, what and to what, and paged', async () => {
    const api = await makeApi()
    await makeGroup(api, 'one')
    await makeGroup(api, 'two')
    const { secret } = await api.json('POST', '/api/v1/tokens', { name: 'ci', role: 'operator' })
    for (const id of ['one', 'two']) await api.json('POST', `/api/v1/task_group/${id}/pause`)
    await api.call('POST', '/api/v1/task_group/one/resume', { headers: { authorization: secret } })
    const short = async (query: string) =>
      (await list(api, query)).map(({ action, target }) => [action, target.id].join(' '))
    expect(await short('?actor=TOKEN:ci')).toEqual(['resumeTaskGroup one'])
    expect(await short('?action=pauseTaskGroup')).toEqual(['pauseTaskGroup two', 'pauseTaskGroup one'])
    expect(await short('?target=taskgroup:ONE')).toEqual(['resumeTaskGroup one', 'pauseTaskGroup one'])
    expect(await short('?action=pauseTaskGroup&target=tw&actor=token:CREW_AUTH_TOKEN')).toEqual(['pauseTaskGroup two'])
    expect(await short('?actor=nobody')).toEqual([])
    const page = await api.json('GET', '/api/v1/activity?page=2&pageSize=3')
    expect([page.activity.length, page.count]).toEqual([1, 4])
    const found = await api.json('GET', '/api/v1/activity?target=taskGroup&page=2&pageSize=2')
    expect([found.activity.length, found.count]).toEqual([1, 3])
  })

  test('is kept: over a restart, and by whatever server did it', async () => {
    const api = await makeApi()
    await makeGroup(api)
    await api.json('POST', '/api/v1/task_group/g/pause')
    api.tick(250)
    const other = await makeApi({ wrap: () => api.storage })
    expect((await list(other)).map(({ action }) => action)).toEqual(['pauseTaskGroup'])
  })

  test('waits for a storage that takes nothing, and nobody waits for it', async () => {
    let isAway = false
    const away = new CrewError('storage_unavailable', 'away')
    const wrap = (storage: TaskStorage): TaskStorage =>
      wrapStorage(storage, {
        putRecord: (...record) => (isAway ? Promise.reject(away) : storage.putRecord(...record)),
      })
    const api = await makeApi({ wrap })
    await makeGroup(api)
    isAway = true
    await api.json('POST', '/api/v1/task_group/g/pause')
    api.tick(250)
    expectProblem(await api.call('GET', '/api/v1/activity'), 503, 'storage_unavailable')
    isAway = false
    expect((await list(api)).map(({ action }) => action)).toEqual(['pauseTaskGroup'])
  })
})

import { describe, expect, test } from 'vitest'
import { expectProblem, TOKEN } from './make-api.ts'
import { makeWorld, tasks, testRefusals } from './refusal.ts'

const body = { worker: 'w', name: 'n' }
const stranger = '/api/v1/task_group/g/task/stranger'

describe('an address that is none is refused', () => {
  testRefusals([
    ['an unknown one', 'GET /api/v1/nothing', {}, '404 route_not_found'],
    ['an unknown one with a body', 'POST /api/v2/tasks', { body }, '404 route_not_found'],
    ['a bad escape', 'GET /api/v1/task/%zz', {}, '404 route_not_found'],
    ['a name longer than any', `GET /api/v1/task/${'x'.repeat(4000)}`, {}, '404 route_not_found'],
    ['a wrong method', 'PATCH /api/v1/task/child', { body: {} }, '405 method_not_allowed'],
    ['a wrong method on a list', 'DELETE /api/v1/task_groups', {}, '405 method_not_allowed'],
    ['reading what is only done', 'GET /api/v1/task_group/g/pause', {}, '405 method_not_allowed'],
    ['the websocket without an upgrade', `GET /api/v1/task_group/g/stream/${TOKEN}`, {}, '422 invalid_request'],
    ['the websocket of the web UI without an upgrade', 'GET /api/v1/live', {}, '422 invalid_request'],
    ['the websocket with a bad token', 'GET /api/v1/task_group/g/stream/x', {}, '401 unauthorized'],
  ])
})

describe('what does not exist is not found, and nothing changes', () => {
  testRefusals([
    ['a group', 'GET /api/v1/task_group/none', {}, '404 group_not_found'],
    ['a group without a name', 'GET /api/v1/task_group//tasks', {}, '404 group_not_found'],
    ['a group to change', 'PUT /api/v1/task_group/none', { body }, '404 group_not_found'],
    ['a group to delete', 'DELETE /api/v1/task_group/none', {}, '404 group_not_found'],
    ['the progress of a group', 'GET /api/v1/task_group/none/progress', {}, '404 group_not_found'],
    ['the graph of a group', 'GET /api/v1/task_group/none/graph', {}, '404 group_not_found'],
    ['a group to pause', 'POST /api/v1/task_group/none/pause', {}, '404 group_not_found'],
    ['a group to resume', 'POST /api/v1/task_group/none/resume', {}, '404 group_not_found'],
    ['a group to reset', 'POST /api/v1/task_group/none/reset', {}, '404 group_not_found'],
    ['a group to retry', 'POST /api/v1/task_group/none/retry', {}, '404 group_not_found'],
    ['a group for a task', 'POST /api/v1/task_group/none/tasks', { body }, '404 group_not_found'],
    [
      'a group for a batch',
      'POST /api/v1/task_group/none/tasks/batch',
      { body: { tasks: [body] } },
      '404 group_not_found',
    ],
    ['a task', 'GET /api/v1/task/none', {}, '404 task_not_found'],
    ['a task whose name nobody can have', "GET /api/v1/task/%00'%20OR%201=1", {}, '404 task_not_found'],
    ['a task to reset', 'POST /api/v1/task/none/reset', {}, '404 task_not_found'],
    ['a task to retry', 'POST /api/v1/task/none/retry', {}, '404 task_not_found'],
    ['a task of another group', `GET ${stranger}`, {}, '404 task_not_found'],
    ['a task of another group to change', `PUT ${stranger}`, { body }, '404 task_not_found'],
    ['a task of another group to delete', `DELETE ${stranger}`, {}, '404 task_not_found'],
    ['a task of another group to reset', `POST ${stranger}/reset`, {}, '404 task_not_found'],
    ['a task of another group to retry', `POST ${stranger}/retry`, {}, '404 task_not_found'],
    ['a workgroup', 'GET /api/v1/workgroup/none', {}, '404 workgroup_not_found'],
    ['the holds of a workgroup', 'GET /api/v1/workgroup/none/holds', {}, '404 workgroup_not_found'],
    ['a workgroup without a name to limit', 'PUT /api/v1/workgroup/', { body: {} }, '404 workgroup_not_found'],
  ])
})

describe('a request without a token', () => {
  const headers = { authorization: '' }
  testRefusals([
    ['creates nothing', `POST ${tasks}`, { body, headers }, '401 unauthorized'],
    ['changes nothing', 'PUT /api/v1/task/child', { body, headers }, '401 unauthorized'],
    ['limits nothing', 'PUT /api/v1/traffic', { body: { maxConcurrent: 1 }, headers }, '401 unauthorized'],
    ['deletes nothing', 'DELETE /api/v1/task_group/g', { headers }, '401 unauthorized'],
  ])
})

describe('a task that runs', () => {
  test('is changed in nothing but its pause and its name', async () => {
    const api = await makeWorld()
    await api.storage.claim({
      limit: 1,
      slots: new Map(),
      slotsPerWorker: 1,
      maxLeasesPerWorker: 1_000,
      until: api.clock.now() + 60_000,
    })
    expect(await api.json('GET', '/api/v1/task/parent')).toMatchObject({ state: 'running', busyExecuting: true })
    const before = await api.fingerprint()
    expectProblem(await api.call('PUT', '/api/v1/task/parent', { body: { input: 1 } }), 409, 'task_running')
    expect(await api.fingerprint()).toBe(before)
    const edit = { name: 'n', isPaused: true }
    expect(await api.json('PUT', '/api/v1/task/parent', edit)).toMatchObject({ ...edit, state: 'running' })
  })
})

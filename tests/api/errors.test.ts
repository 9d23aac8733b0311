import { describe, expect, test } from 'vitest'
import { decideAttempt } from '../../server/core/attempt.ts'
import { fingerprintOf } from '../../server/core/fingerprint.ts'
import { attemptContext, endedWith, read } from '../support/attempts.ts'
import { type Api, expectProblem, makeApi } from './make-api.ts'
import { testRefusals } from './refusal.ts'

/** A task `a` of group `g` that failed for good. */
async function makeFailed(): Promise<Api> {
  const api = await makeApi()
  const tasks = [{ id: 'a', name: 'A', worker: 'w', remainingAttempts: 1, input: { large: true } }]
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
  const slots = { limit: 1, slots: new Map(), slotsPerWorker: 1, maxLeasesPerWorker: 1 }
  const {
    tasks: [claimed],
  } = await api.storage.claim({ ...slots, until: api.clock.now() + 1000 })
  if (!claimed) throw new Error('it can be claimed')
  const ended = endedWith(read({ error: 'no row 7' }, 404), { token: claimed.token, statusCode: 404 })
  await api.storage.commit([decideAttempt(claimed.task, ended, attemptContext())])
  return api
}

const error = {
  fingerprint: fingerprintOf('HTTP 404: no row 8'),
  message: 'HTTP 404: no row <n>',
  workers: ['w'],
  statusCode: 404,
  count: 1,
  failed: 1,
  retrying: 0,
  firstSeenAt: '2026-11-22T10:00:00.000Z',
  lastSeenAt: '2026-11-22T10:00:00.000Z',
  groups: 1,
  sample: { taskId: 'a', taskGroupId: 'g' },
}
const url = `/api/v1/error/${error.fingerprint}`

describe('GET /api/v1/errors', () => {
  test('answers what tasks fail by', async () => {
    const api = await makeFailed()
    expect(await api.json('GET', '/api/v1/errors')).toEqual({ errors: [error], scanned: 1, isPartial: false })
    expect(await api.json('GET', '/api/v1/errors?taskGroup=g&worker=w')).toMatchObject({ errors: [error] })
    expect(await api.json('GET', '/api/v1/errors?worker=v')).toEqual({ errors: [], scanned: 0, isPartial: false })
  })

  test('answers one of them with its tasks, without their payloads', async () => {
    const api = await makeFailed()
    const { tasks, ...rest } = await api.json('GET', `${url}?taskGroup=g&pageSize=5`)
    expect(rest).toEqual({ ...error, isPartial: false })
    const { tasks: listed } = await api.json('GET', '/api/v1/task_group/g/tasks?payloads=false')
    expect(tasks).toEqual(listed)
    expect(await api.json('GET', `${url}?page=2`)).toMatchObject({ count: 1, tasks: [] })
    expectProblem(await api.call('GET', `/api/v1/error/${fingerprintOf('other')}`), 404, 'error_not_found')
  })

  test('has the fields that are documented', async () => {
    const api = await makeFailed()
    const { TaskError, TaskErrorList, TaskErrorDetail } = (await api.json('GET', '/openapi.json')).components.schemas
    const list = await api.json('GET', '/api/v1/errors')
    expect(TaskErrorList.required).toEqual(Object.keys(list))
    expect(TaskError.required).toEqual(Object.keys(list.errors[0]))
    expect(TaskErrorDetail.required).toEqual(Object.keys(await api.json('GET', url)))
  })
})

describe('errors that cannot be are refused', () => {
  testRefusals([
    ['of a group that is not there', 'GET /api/v1/errors?taskGroup=x', {}, '404 group_not_found'],
    [
      'of a name that is too long',
      `GET /api/v1/errors?worker=${'x'.repeat(300)}`,
      {},
      '422 invalid_request',
      '/worker',
    ],
    ['one that nobody has', 'GET /api/v1/error/0123456789abcdef', {}, '404 error_not_found'],
    ['one that is none', 'GET /api/v1/error/nothing', {}, '404 error_not_found'],
    ['a page that is none', `GET ${url}?page=0`, {}, '422 invalid_request', '/page'],
  ])
})

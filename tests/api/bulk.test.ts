import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type Api, expectProblem, type Json, makeApi } from './make-api.ts'
import { testRefusals } from './refusal.ts'

const url = '/api/v1/bulk'
const retry = { dryRun: true, action: 'retry', target: 'tasks' }

/** With a group of two failed tasks and one that is complete. */
async function makeFailed(): Promise<Api> {
  const api = await makeApi()
  const failed = { worker: 'w', remainingAttempts: 0 }
  const tasks = [
    { ...failed, id: 'a', name: 'A' },
    { ...failed, id: 'b' },
    { id: 'c', worker: 'w', isComplete: true },
  ]
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', name: 'G', tasks })
  return api
}

async function ended(api: Api, id: string): Promise<Json> {
  await eventually(async () => (await api.json('GET', `${url}/${id}`)).state !== 'running')
  return api.json('GET', `${url}/${id}`)
}

describe('POST /api/v1/bulk', () => {
  test('answers a preview, and does what its snapshot says', async () => {
    const api = await makeFailed()
    const preview = await api.json('POST', url, {
      ...retry,
      filter: { taskGroup: 'g' },
      params: { remainingAttempts: 9 },
    })
    const { snapshot } = preview
    expect(preview).toEqual({
      snapshot,
      action: 'retry',
      target: 'tasks',
      count: 2,
      byState: { failed: 2 },
      byGroup: [{ id: 'g', name: 'G', count: 2 }],
      skipped: [{ reason: 'is complete', count: 1 }],
      samples: [
        { id: 'a', name: 'A', state: 'failed' },
        { id: 'b', name: '', state: 'failed' },
      ],
      expiresAt: '2026-11-22T10:10:00.000Z',
    })
    expect(await api.json('GET', '/api/v1/task/a')).toMatchObject({ state: 'failed' })
    const begun = await api.json('POST', url, { snapshot })
    expect(begun).toMatchObject({ id: snapshot, action: 'retry', target: 'tasks', total: 2 })
    expect(await ended(api, snapshot)).toEqual({
      id: snapshot,
      action: 'retry',
      target: 'tasks',
      state: 'finished',
      total: 2,
      done: 2,
      skipped: 0,
      failed: 0,
      faults: [],
      startedAt: '2026-11-22T10:00:00.000Z',
      endedAt: '2026-11-22T10:00:00.000Z',
      actor: expect.any(String),
    })
    expect(await api.json('GET', '/api/v1/task/a')).toMatchObject({ state: 'ready', remainingAttempts: 9 })
  })

  test('takes states as a list, and ids', async () => {
    const api = await makeFailed()
    const countOf = async (more: object): Promise<number> => (await api.json('POST', url, { ...retry, ...more })).count
    expect(await countOf({ filter: { state: 'failed,ready' } })).toBe(2)
    expect(await countOf({ filter: { state: 'ready' } })).toBe(0)
    expect(await countOf({ ids: ['a', 'a', 'nobody'] })).toBe(1)
    expect(await countOf({ target: 'groups', filter: { state: 'failed' } })).toBe(1)
    expect(await countOf({ target: 'groups', filter: {} })).toBe(1)
  })

  test('looks at none of a list that is too long', async () => {
    const api = await makeApi()
    const ids = Array.from({ length: 100_001 }, () => 0)
    const { errors } = expectProblem(await api.call('POST', url, { body: { ...retry, ids } }), 422, 'invalid_request')
    expect(errors).toEqual([{ pointer: '/ids', detail: 'expected at most 100000 items' }])
  })

  test('refuses a snapshot that is too old', async () => {
    const api = await makeFailed()
    const { snapshot } = await api.json('POST', url, { ...retry, ids: ['a'] })
    api.clock.advance(600_000)
    expectProblem(await api.call('POST', url, { body: { snapshot } }), 410, 'snapshot_expired')
    expect(await api.json('GET', url)).toEqual({ operations: [], count: 0 })
  })
})

describe('an operation', () => {
  test('is listed, stopped and not continued once it has ended', async () => {
    const api = await makeFailed()
    const { snapshot } = await api.json('POST', url, { ...retry, ids: ['a'] })
    await api.json('POST', url, { snapshot })
    const operation = await ended(api, snapshot)
    expect(await api.json('GET', url)).toEqual({ operations: [operation], count: 1 })
    expect(await api.json('GET', `${url}?page=2`)).toEqual({ operations: [], count: 1 })
    expect(await api.json('POST', `${url}/${snapshot}/stop`)).toEqual(operation)
    expectProblem(await api.call('POST', `${url}/${snapshot}/continue`), 409, 'conflict')
  })

  test('that its server left half-way is interrupted, and goes on', async () => {
    const api = await makeFailed()
    const { snapshot } = await api.json('POST', url, { ...retry, ids: ['a', 'b'] })
    await api.json('POST', url, { snapshot })
    await ended(api, snapshot)
    // As a server that was killed leaves it.
    const key = `bulk/${snapshot}`
    const left = {
      ...JSON.parse((await api.storage.getRecord(key)) ?? ''),
      state: 'running',
      next: 1,
      done: 1,
      endedAt: null,
    }
    await api.storage.putRecord(key, JSON.stringify(left))
    await api.storage.putRecord(`bulk-ids/${snapshot}:0`, JSON.stringify(['a', 'b']))
    expect(await api.json('GET', `${url}/${snapshot}`)).toMatchObject({ state: 'interrupted', done: 1 })
    await api.json('POST', `${url}/${snapshot}/continue`)
    expect(await ended(api, snapshot)).toMatchObject({ state: 'finished', done: 2 })
  })
})

test('a field that is misspelt is named, with what was meant and what there is', async () => {
  const api = await makeFailed()
  const answer = await api.call('POST', url, { body: { ...retry, filter: { staet: 'failed', ['x'.repeat(500)]: 1 } } })
  const { errors } = expectProblem(answer, 422, 'invalid_request')
  const fields = 'expected taskGroup, state, worker, workgroup, key, search, error'
  expect(errors).toEqual([
    { pointer: '/filter/staet', detail: `is no field here (did you mean state?): ${fields}` },
    { pointer: `/filter/${'x'.repeat(500)}`, detail: `is no field here: ${fields}` },
  ])
})

describe('a bulk request that cannot be is refused and changes nothing', () => {
  const filter = { taskGroup: 'g' }
  const good = { ...retry, filter }
  const request = (body: object) => ({ body: { ...good, ...body } })
  const invalid = '422 invalid_request'
  testRefusals([
    ['nothing', `POST ${url}`, { body: {} }, invalid, '/action'],
    ['a body that is no object', `POST ${url}`, { body: [] }, invalid, ''],
    ['a field that nobody knows', `POST ${url}`, request({ filters: {} }), invalid, '/filters'],
    ['a condition that nobody knows', `POST ${url}`, request({ filter: { group: 'g' } }), invalid, '/filter/group'],
    ['no preview', `POST ${url}`, { body: { action: 'retry', target: 'tasks', filter } }, invalid, '/dryRun'],
    ['a preview that is none', `POST ${url}`, request({ dryRun: false }), invalid, '/dryRun'],
    ['an action that nobody knows', `POST ${url}`, request({ action: 'drop' }), invalid, '/action'],
    ['a target that nobody knows', `POST ${url}`, request({ target: 'workers' }), invalid, '/target'],
    ['no selection', `POST ${url}`, { body: retry }, invalid, ''],
    ['two selections', `POST ${url}`, request({ ids: ['a'] }), invalid, ''],
    ['all tasks there are', `POST ${url}`, request({ filter: {} }), invalid, '/filter'],
    ['an empty condition', `POST ${url}`, request({ filter: { worker: '' } }), invalid, '/filter/worker'],
    [
      'a state that nobody knows',
      `POST ${url}`,
      request({ filter: { state: 'failed,bad' } }),
      invalid,
      '/filter/state',
    ],
    ['a state of groups', `POST ${url}`, request({ filter: { state: 'active' } }), invalid, '/filter/state'],
    ['half a fingerprint', `POST ${url}`, request({ filter: { error: 'abc' } }), invalid, '/filter/error'],
    [
      'a condition of tasks for groups',
      `POST ${url}`,
      request({ target: 'groups', filter: { worker: 'w' } }),
      invalid,
      '/filter/worker',
    ],
    ['running groups now', `POST ${url}`, request({ action: 'runNow', target: 'groups' }), invalid, '/action'],
    ['ids that are no texts', `POST ${url}`, { body: { ...retry, ids: [1] } }, invalid, '/ids/0'],
    ['negative attempts', `POST ${url}`, request({ params: { remainingAttempts: -1 } }), invalid],
    [
      'a spread of a year',
      `POST ${url}`,
      request({ params: { spreadSeconds: 1e9 } }),
      invalid,
      '/params/spreadSeconds',
    ],
    [
      'attempts of a pause',
      `POST ${url}`,
      request({ action: 'pause', params: { remainingAttempts: 1 } }),
      invalid,
      '/params/remainingAttempts',
    ],
    [
      'a spread deletion',
      `POST ${url}`,
      request({ action: 'delete', params: { spreadSeconds: 1 } }),
      invalid,
      '/params/spreadSeconds',
    ],
    ['a group that is not there', `POST ${url}`, request({ filter: { taskGroup: 'x' } }), '404 group_not_found'],
    ['a snapshot and more', `POST ${url}`, { body: { snapshot: 'x', action: 'retry' } }, invalid, '/action'],
    ['a snapshot that is not there', `POST ${url}`, { body: { snapshot: 'x' } }, '404 bulk_not_found'],
    ['an operation that is not there', `GET ${url}/x`, {}, '404 bulk_not_found'],
    ['stopping one that is not there', `POST ${url}/x/stop`, {}, '404 bulk_not_found'],
    ['continuing one that is not there', `POST ${url}/x/continue`, {}, '404 bulk_not_found'],
    ['a page that is none', `GET ${url}?page=0`, {}, invalid, '/page'],
  ])
})

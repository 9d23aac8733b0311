import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, makeApi } from './make-api.ts'

async function makeWorkgroup(): Promise<Api> {
  const api = await makeApi()
  const tasks = [{ id: 't', worker: 'w', workgroup: 'acme api' }]
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
  return api
}

const free = { name: 'acme api', isHeld: false, heldUntil: '0001-01-01T00:00:00Z', reason: '', running: 0 }
const held = { ...free, isHeld: true, heldUntil: '2026-11-22T10:00:30.000Z', reason: 'quota' }

describe('a workgroup', () => {
  test('is listed and read', async () => {
    const api = await makeWorkgroup()
    const { workgroups, count } = await api.json('GET', '/api/v1/workgroups')
    expect([workgroups, count]).toMatchObject([[free], 1])
    expect(await api.json('GET', '/api/v1/workgroup/acme%20api')).toEqual(workgroups[0])
    expect(await api.json('GET', '/api/v1/workgroups?page=2&pageSize=1')).toEqual({ workgroups: [], count: 1 })
  })

  test('is held for some seconds, and its tasks wait', async () => {
    const api = await makeWorkgroup()
    const answer = await api.json('POST', '/api/v1/workgroup/acme%20api/pause', { seconds: 30, reason: 'quota' })
    expect(answer).toMatchObject(held)
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'throttled', runAfter: held.heldUntil })
  })

  test('is held until a time', async () => {
    const api = await makeWorkgroup()
    const body = { until: '2026-11-22T11:00:30+01:00', reason: 'quota' }
    expect(await api.json('POST', '/api/v1/workgroup/acme%20api/pause', body)).toMatchObject(held)
  })

  test('is resumed', async () => {
    const api = await makeWorkgroup()
    await api.json('POST', '/api/v1/workgroup/acme%20api/pause', { seconds: 30 })
    expect(await api.json('POST', '/api/v1/workgroup/acme%20api/resume')).toMatchObject(free)
    expect(await api.json('GET', '/api/v1/task/t')).toMatchObject({ state: 'ready' })
  })

  test('that nobody names is not found', async () => {
    const api = await makeApi()
    expectProblem(await api.call('GET', '/api/v1/workgroup/none'), 404, 'workgroup_not_found')
  })

  test.each([
    [{}, '/seconds'],
    [{ seconds: 0 }, '/seconds'],
    [{ seconds: -1 }, '/seconds'],
    [{ seconds: '5' }, '/seconds'],
    [{ seconds: 1e9 }, '/seconds'],
    [{ until: 'tomorrow' }, '/until'],
    [{ until: '2026-11-22T09:59:59Z' }, '/until'],
    [{ until: '9999-01-01T00:00:00Z' }, '/until'],
    [{ until: 5 }, '/until'],
    [{ seconds: 5, reason: 5 }, '/reason'],
  ])('is not held by %j', async (body, pointer) => {
    const api = await makeWorkgroup()
    const before = await api.fingerprint()
    const answer = await api.call('POST', '/api/v1/workgroup/acme%20api/pause', { body })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    expect(await api.fingerprint()).toBe(before)
  })
})

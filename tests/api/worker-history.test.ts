import { describe, expect, test } from 'vitest'
import { read } from '../support/attempts.ts'
import { type Api, makeApi } from './make-api.ts'
import { testRefusals } from './refusal.ts'

/** A worker that was called once, a minute ago; its answer took a second. */
async function makeCalled(worker: string): Promise<Api> {
  const api = await makeApi()
  const { figures } = api.workers
  const startedAt = api.clock.now()
  figures.history.began(worker, startedAt)
  api.clock.advance(1000)
  const endedAt = api.clock.now()
  figures.record({ id: 't', worker }, { outcome: read({ error: 'no' }), startedAt, endedAt, statusCode: 200 })
  figures.history.left(worker, endedAt)
  api.clock.advance(60_000)
  return api
}

const empty = { attempts: 0, errors: 0, p50Ms: null, p95Ms: null, inFlight: 0 }
const told = {
  minutes: [
    { at: '2026-11-22T10:00:00.000Z', attempts: 1, errors: 1, p50Ms: 1024, p95Ms: 1024, inFlight: 1 },
    { at: '2026-11-22T10:01:00.000Z', ...empty },
  ],
}

describe('GET /api/v1/worker/NAME/history', () => {
  test('tells what it did by the minute', async () => {
    const api = await makeCalled('w')
    expect(await api.json('GET', '/api/v1/worker/w/history?minutes=2')).toEqual(told)
    const { minutes } = await api.json('GET', '/api/v1/worker/w/history')
    expect(minutes).toHaveLength(60)
    expect(minutes.slice(-2)).toEqual(told.minutes)
  })

  test('takes names with slashes, as they are and encoded', async () => {
    const api = await makeCalled('shop/orders')
    expect(await api.json('GET', '/api/v1/worker/shop/orders/history?minutes=2')).toEqual(told)
    expect(await api.json('GET', '/api/v1/worker/shop%2Forders/history?minutes=2')).toEqual(told)
  })

  test('leaves workers alone that are named so', async () => {
    const api = await makeApi()
    for (const name of ['history', 'shop/history', 'shop']) await api.json('PUT', `/api/v1/worker/${name}`, {})
    expect(await api.json('GET', '/api/v1/worker/history')).toMatchObject({ name: 'history' })
    expect(await api.json('GET', '/api/v1/worker/shop%2Fhistory')).toMatchObject({ name: 'shop/history' })
    expect((await api.json('GET', '/api/v1/worker/shop/history')).minutes).toHaveLength(60)
  })

  test('is empty for a worker that was not called', async () => {
    const api = await makeApi()
    await api.json('PUT', '/api/v1/worker/w', {})
    const { minutes } = await api.json('GET', '/api/v1/worker/w/history?minutes=1')
    expect(minutes).toEqual([{ at: '2026-11-22T10:00:00.000Z', ...empty }])
  })

  testRefusals([
    ['of a worker that nobody knows', 'GET /api/v1/worker/x/history', {}, '404 worker_not_found'],
    ['of a rule', 'GET /api/v1/worker/shop%2F*/history', {}, '422 invalid_request', '/name'],
    ['of no minute', 'GET /api/v1/worker/w/history?minutes=0', {}, '422 invalid_request', '/minutes'],
    ['of a day', 'GET /api/v1/worker/w/history?minutes=1440', {}, '422 invalid_request', '/minutes'],
  ])
})

import { describe, expect, test } from 'vitest'
import type { Role } from '../../server/core/roles.ts'
import { type Api, expectProblem, type Json, makeApi } from './make-api.ts'
import { makeRoles } from './operations.ts'

const failed = { name: 'Failed nights', query: 'q=nightly&state=failed' }

type Logins = Record<Role, { authorization: string }>

async function makeWorld(): Promise<{ api: Api; logins: Logins }> {
  const api = await makeApi()
  const logins = await makeRoles(api)
  // When a token is used first is noted.
  for (const headers of Object.values(logins)) await api.call('GET', '/authcheck', { headers })
  return { api, logins }
}

const as = (api: Api, headers: Record<string, string>) => ({
  save: async (body: object): Promise<Json> => (await api.call('POST', '/api/v1/views', { headers, body })).json(),
  names: async (): Promise<string[]> =>
    (await api.call('GET', '/api/v1/views', { headers })).json().views.map(({ name }: Json) => name),
  put: (id: string, body: object) => api.call('PUT', `/api/v1/view/${id}`, { headers, body }),
  remove: (id: string) => api.call('DELETE', `/api/v1/view/${id}`, { headers }),
})

describe('a saved view', () => {
  test('is kept with its owner, changed and deleted', async () => {
    const { api, logins } = await makeWorld()
    const viewer = as(api, logins.viewer)
    const saved = await viewer.save(failed)
    const at = new Date(api.clock.now()).toISOString()
    const told = { ...failed, id: saved.id, owner: 'token:viewer', isShared: false, isOwn: true, createdAt: at }
    expect(saved).toEqual({ ...told, updatedAt: at })
    api.clock.advance(1000)
    const changed = (await viewer.put(saved.id, { name: 'Nights' })).json()
    const later = new Date(api.clock.now()).toISOString()
    expect(changed).toEqual({ ...told, name: 'Nights', updatedAt: later })
    const listed = await api.call('GET', '/api/v1/views', { headers: logins.viewer })
    expect(listed.json()).toEqual({ views: [changed], count: 1 })
    expect((await viewer.remove(saved.id)).json()).toEqual({ id: saved.id, deleted: true })
    expect(await viewer.names()).toEqual([])
  })

  test('is seen by its owner alone until it is shared, and stands behind the own ones', async () => {
    const { api, logins } = await makeWorld()
    const [operator, viewer] = [as(api, logins.operator), as(api, logins.viewer)]
    const { id } = await operator.save({ ...failed, name: 'a' })
    await viewer.save({ ...failed, name: 'c' })
    await viewer.save({ ...failed, name: 'b' })
    expect([await operator.names(), await viewer.names()]).toEqual([['a'], ['b', 'c']])
    await operator.put(id, { isShared: true })
    expect([await operator.names(), await viewer.names()]).toEqual([['a'], ['b', 'c', 'a']])
    const { views } = (await api.call('GET', '/api/v1/views', { headers: logins.viewer })).json()
    expect(views.map(({ isOwn }: Json) => isOwn)).toEqual([true, true, false])
    const page = await api.call('GET', '/api/v1/views?page=2&pageSize=2', { headers: logins.viewer })
    expect([page.json().views.length, page.json().count]).toEqual([1, 3])
  })

  test('that is shared may be changed and deleted by an admin', async () => {
    const { api, logins } = await makeWorld()
    const { id } = await as(api, logins.operator).save({ ...failed, isShared: true })
    const admin = as(api, logins.admin)
    expect((await admin.put(id, { name: 'For all' })).json()).toMatchObject({ owner: 'token:operator', isOwn: false })
    expect((await admin.remove(id)).statusCode).toBe(200)
  })

  test('is saved once by two requests with one Idempotency-Key', async () => {
    const { api, logins } = await makeWorld()
    const headers = { ...logins.viewer, 'idempotency-key': '"save"' }
    const answers = [1, 2].map(() => api.call('POST', '/api/v1/views', { headers, body: failed }))
    const [first, second] = (await Promise.all(answers)).map((answer) => answer.json().id)
    expect(second ?? first).toBe(first)
    expect(await as(api, logins.viewer).names()).toEqual([failed.name])
  })

  test('goes with its user, unless it is shared', async () => {
    const { api } = await makeWorld()
    await api.json('POST', '/api/v1/users', { name: 'dana', role: 'operator', password: 'a long password' })
    const { token } = await api.json('POST', '/login', { username: 'dana', password: 'a long password' })
    const dana = as(api, { authorization: token })
    await dana.save({ ...failed, name: 'mine' })
    await dana.save({ ...failed, name: 'for all', isShared: true })
    await api.json('DELETE', '/api/v1/user/dana')
    const { records } = await api.storage.listRecords('view', { page: 1, pageSize: 0 })
    expect(records.map(({ value }) => JSON.parse(value).name)).toEqual(['for all'])
  })

  test('is nothing that the activity tells', async () => {
    const { api, logins } = await makeWorld()
    const before = await api.json('GET', '/api/v1/activity')
    await as(api, logins.viewer).save(failed)
    expect((await api.json('GET', '/api/v1/activity')).count).toBe(before.count)
  })
})

describe('refused, and nothing changes, is', () => {
  test.each<[string, object, string]>([
    ['no name', { query: '' }, '/name'],
    ['an empty name', { ...failed, name: '' }, '/name'],
    ['a long name', { ...failed, name: 'x'.repeat(61) }, '/name'],
    ['no query', { name: 'a' }, '/query'],
    ['a long query', { ...failed, query: 'q'.repeat(4001) }, '/query'],
    ['a query that is no part of an address', { ...failed, query: 'q="a b"' }, '/query'],
    ['an address', { ...failed, query: 'q#top' }, '/query'],
    ['what is neither shared nor not', { ...failed, isShared: 'yes' }, '/isShared'],
  ])('%s', async (_, body, pointer) => {
    const { api, logins } = await makeWorld()
    const before = await api.fingerprint()
    const answer = await api.call('POST', '/api/v1/views', { headers: logins.operator, body })
    expect(expectProblem(answer, 422, 'invalid_request').errors[0].pointer).toBe(pointer)
    expect(await api.fingerprint()).toBe(before)
  })

  test('sharing by who may only look', async () => {
    const { api, logins } = await makeWorld()
    const viewer = as(api, logins.viewer)
    const { id } = await viewer.save(failed)
    const before = await api.fingerprint()
    expectProblem(await viewer.put(id, { isShared: true }), 403, 'forbidden')
    const body = { ...failed, name: 'other', isShared: true }
    expectProblem(await api.call('POST', '/api/v1/views', { headers: logins.viewer, body }), 403, 'forbidden')
    expect(await api.fingerprint()).toBe(before)
  })

  test('to change what is not shared, which is not even there, or what somebody else shares', async () => {
    const { api, logins } = await makeWorld()
    const { id: hidden } = await as(api, logins.viewer).save(failed)
    const { id: shared } = await as(api, logins.admin).save({ ...failed, isShared: true })
    const before = await api.fingerprint()
    const admin = as(api, logins.admin)
    for (const call of [admin.put(hidden, {}), admin.remove(hidden), admin.put('none', {}), admin.remove('none')])
      expectProblem(await call, 404, 'view_not_found')
    const operator = as(api, logins.operator)
    for (const call of [operator.put(shared, {}), operator.remove(shared)]) expectProblem(await call, 403, 'forbidden')
    expect(await api.fingerprint()).toBe(before)
  })

  test('a second one of that name of one owner, while others may have one too', async () => {
    const { api, logins } = await makeWorld()
    const viewer = as(api, logins.viewer)
    await viewer.save(failed)
    const { id } = await viewer.save({ ...failed, name: 'other' })
    const before = await api.fingerprint()
    const again = await api.call('POST', '/api/v1/views', { headers: logins.viewer, body: failed })
    expectProblem(again, 409, 'duplicate_id')
    expectProblem(await viewer.put(id, { name: failed.name }), 409, 'duplicate_id')
    expect(await api.fingerprint()).toBe(before)
    expect((await viewer.put(id, { name: 'other', query: '' })).statusCode).toBe(200)
    expect(await as(api, logins.operator).save(failed)).toMatchObject({ isOwn: true })
  })

  test('more of one owner than anybody finds one among', async () => {
    const { api, logins } = await makeWorld()
    const viewer = as(api, logins.viewer)
    for (let i = 0; i < 50; i++) await viewer.save({ ...failed, name: `view ${i}` })
    const before = await api.fingerprint()
    const body = { ...failed, name: 'one more' }
    expectProblem(await api.call('POST', '/api/v1/views', { headers: logins.viewer, body }), 409, 'conflict')
    expect(await api.fingerprint()).toBe(before)
    expect(await as(api, logins.operator).save(body)).toMatchObject(body)
  })
})

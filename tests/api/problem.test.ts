import { describe, expect, test } from 'vitest'
import { expectProblem } from './make-api.ts'
import { batch, makeWorld, tasks } from './refusal.ts'

describe('a problem', () => {
  test('says where JSON is malformed', async () => {
    const api = await makeWorld()
    const { detail } = (await api.call('POST', tasks, { raw: '{\n  "worker": w\n}' })).json()
    expect(detail).toMatch(/line 2, column 13/)
  })

  test('lists all faults of a request, but not more than a hundred', async () => {
    const api = await makeWorld()
    const two = (await api.call('POST', tasks, { body: { priority: 'x', isSeed: 1 } })).json()
    expect(two.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual(['/priority', '/isSeed', '/worker'])
    const many = (await api.call('POST', batch, { body: { tasks: Array(5000).fill({}) } })).json()
    expect(many.errors).toHaveLength(100)
  })

  test('names the request under which the log knows more, each time another', async () => {
    const api = await makeWorld()
    const ids = await Promise.all([1, 2].map(async () => (await api.call('GET', '/nowhere')).json().instance))
    expect(new Set(ids).size).toBe(2)
  })

  test('says which methods an address has', async () => {
    const api = await makeWorld()
    const answer = await api.call('PATCH', '/api/v1/task_group/g/task/child')
    expect(answer.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PUT')
  })
})

describe('OPTIONS', () => {
  test('says which methods an address has, and lets no other site in', async () => {
    const api = await makeWorld()
    const headers = { authorization: '', origin: 'https://example.com', 'access-control-request-method': 'POST' }
    const answer = await api.call('OPTIONS', '/api/v1/task_groups', { headers })
    expect([answer.statusCode, answer.headers.allow, answer.body]).toEqual([204, 'GET, HEAD, OPTIONS, POST', ''])
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    expectProblem(await api.call('OPTIONS', '/nowhere'), 404, 'route_not_found')
  })
})

describe('HEAD', () => {
  test('answers like GET, without the body', async () => {
    const api = await makeWorld()
    const [head, get] = [await api.call('HEAD', '/api/v1/task_group/g'), await api.call('GET', '/api/v1/task_group/g')]
    expect([head.statusCode, head.body]).toEqual([200, ''])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    expect((await api.call('HEAD', '/api/v1/task_group/none')).statusCode).toBe(404)
    expect((await api.call('HEAD', '/api/v1/events')).statusCode).toBe(405)
  })
})

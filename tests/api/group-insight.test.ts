import { describe, expect, test } from 'vitest'
import { makeAttempt } from '../support/make.ts'
import { makeApi } from './make-api.ts'
import { testRefusals } from './refusal.ts'

describe('the attempts of several tasks', () => {
  const url = '/api/v1/task_group/g/attempts'

  test('are those of each, in the order given, and of nobody else', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'a', worker: 'w' },
      { id: 'b', worker: 'w' },
      { id: 'c', worker: 'w' },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'h', tasks: [{ id: 'stranger', worker: 'w' }] })
    const changes = ['a', 'a', 'c', 'stranger'].map((taskId, at) => {
      return { kind: 'addAttempt', taskId, attempt: makeAttempt({ number: at + 1 }) } as const
    })
    await api.storage.commit([{ guards: [], changes, events: [] }])
    const one = async (id: string) => {
      const { attempts } = await api.json('GET', `/api/v1/task/${id}/attempts`)
      return { taskId: id, attempts }
    }
    const [a, b, c] = [await one('a'), await one('b'), await one('c')]
    expect([a.attempts.length, b.attempts.length, c.attempts.length]).toEqual([2, 0, 1])
    expect(await api.json('GET', `${url}?ids=c,a,b,c,gone,stranger`)).toEqual({ tasks: [c, a, b] })
  })

  testRefusals([
    ['of a group that is not there', 'GET /api/v1/task_group/x/attempts?ids=a', {}, '404 group_not_found'],
    ['of nobody', `GET ${url}`, {}, '422 invalid_request', '/ids'],
    ['of an empty list', `GET ${url}?ids=`, {}, '422 invalid_request', '/ids'],
    ['of more than a hundred', `GET ${url}?ids=${Array(101).fill('a')}`, {}, '422 invalid_request', '/ids'],
  ])
})

describe('why a group does not go on', () => {
  const url = '/api/v1/task_group/g/why'

  test('is told with how many tasks each reason holds, and what is left to do', async () => {
    const api = await makeApi()
    const tasks = [
      { id: 'a', worker: 'w', runAfter: '2026-11-22T12:00:00Z' },
      { id: 'b', worker: 'w', runAfter: '2026-11-22T11:00:00Z' },
      { id: 'c', worker: 'v', parentIds: ['a'] },
    ]
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks })
    expect(await api.json('GET', url)).toEqual({
      state: 'active',
      reasons: [
        {
          code: 'not_due',
          message: '2 tasks wait for a time; the first comes then.',
          until: '2026-11-22T11:00:00.000Z',
          count: 2,
        },
        { code: 'parent_unfinished', message: 'They wait for parents that are not complete.', count: 1 },
      ],
      stages: [
        { worker: 'w', waiting: 2, running: 0, limit: '20 at once' },
        { worker: 'v', waiting: 1, running: 0, limit: 'waits for parents' },
      ],
      bottleneck: null,
      secondsLeft: null,
      isPartial: false,
    })
  })

  test('has the fields that are documented', async () => {
    const api = await makeApi()
    await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const { GroupWhy } = (await api.json('GET', '/openapi.json')).components.schemas
    expect(GroupWhy.required).toEqual(Object.keys(await api.json('GET', url)))
  })

  testRefusals([['of a group that is not there', 'GET /api/v1/task_group/x/why', {}, '404 group_not_found']])
})

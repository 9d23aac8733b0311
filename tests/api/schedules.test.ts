import { describe, expect, test } from 'vitest'
import { MAX_SCHEDULE_ID_LENGTH } from '../../server/core/schedule.ts'
import { type Api, expectProblem, type Json, makeApi } from './make-api.ts'

const url = '/api/v1/schedule/nightly'
const template = { name: 'Nightly', tasks: [{ id: 'a', worker: 'w' }] }
const body = { cron: '0 3 * * *', template }

/** With a schedule at three in the night. */
async function makeSchedule(more: object = {}): Promise<Api> {
  const api = await makeApi()
  await api.json('PUT', url, { ...body, ...more })
  return api
}

describe('a schedule', () => {
  test('is created with what was left out', async () => {
    const api = await makeApi()
    const created = {
      id: 'nightly',
      name: '',
      cron: '0 3 * * *',
      timezone: 'UTC',
      overlap: 'skip',
      catchUp: 'latest',
      jitterSeconds: 0,
      isPaused: false,
      createdAt: '2026-11-22T10:00:00.000Z',
      updatedAt: '2026-11-22T10:00:00.000Z',
      nextAt: '2026-11-23T03:00:00.000Z',
      lastFiredAt: null,
      lastGroupId: null,
      lastSkippedAt: null,
      lastSkipReason: null,
      queued: 0,
      template: { name: 'Nightly', metadata: {}, keyScope: 'group', isPaused: false, tasks: template.tasks },
    }
    expect(await api.json('PUT', url, body)).toEqual(created)
    expect(await api.json('GET', url)).toEqual(created)
  })

  test('gives its groups the failure policy of its template', async () => {
    const api = await makeSchedule({ template: { ...template, onTaskFailure: 'failFast' } })
    expect(await api.json('GET', url)).toMatchObject({ template: { onTaskFailure: 'failFast' } })
    const { id } = await api.json('POST', `${url}/run`)
    expect(await api.json('GET', `/api/v1/task_group/${id}`)).toMatchObject({ onTaskFailure: 'failFast' })
  })

  test('keeps what a change leaves out', async () => {
    const api = await makeSchedule({ timezone: 'Europe/Berlin', jitterSeconds: 1.5 })
    api.clock.advance(1000)
    const changed = await api.json('PUT', url, { name: 'Every night', overlap: 'queue', catchUp: 'all' })
    expect(changed).toMatchObject({
      name: 'Every night',
      overlap: 'queue',
      catchUp: 'all',
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      jitterSeconds: 1.5,
      createdAt: '2026-11-22T10:00:00.000Z',
      updatedAt: '2026-11-22T10:00:01.000Z',
      template: { tasks: template.tasks },
    })
    expect(await api.json('PUT', url, { template: { tasks: [] } })).toMatchObject({
      name: 'Every night',
      template: { name: '', tasks: [] },
    })
  })

  test('may be sent back as it came', async () => {
    const api = await makeSchedule()
    const seen = await api.json('GET', url)
    api.clock.advance(1000)
    expect(await api.json('PUT', url, seen)).toEqual({ ...seen, updatedAt: '2026-11-22T10:00:01.000Z' })
  })

  test('keeps the input of its tasks byte for byte', async () => {
    const api = await makeApi()
    const input = '{"z":12345678901234567890.10, "a":[ ],"\\u00e9":1e2}'
    const raw = `{"cron":"@daily","template":{"tasks":[{"worker":"w","input":${input},"output":${input}}]}}`
    await api.call('PUT', url, { raw })
    expect((await api.call('GET', url)).body).toContain(`"input":${input},"output":${input}`)
    const { id } = await api.json('POST', `${url}/run`)
    expect((await api.call('GET', `/api/v1/task_group/${id}/tasks`)).body).toContain(`"input":${input}`)
  })

  test('shows times in its template as they are shown elsewhere', async () => {
    const tasks = [{ worker: 'w', runAfter: '2027-01-01T01:00:00+01:00', retry: { strategy: 'fixed' } }]
    const api = await makeSchedule({ template: { tasks } })
    const [task] = (await api.json('GET', url)).template.tasks
    expect(task).toMatchObject({ worker: 'w', runAfter: '2027-01-01T00:00:00.000Z', retry: { strategy: 'fixed' } })
  })

  test('is paused and resumed, and both may be repeated', async () => {
    const api = await makeSchedule()
    for (const _ of [1, 2]) {
      expect(await api.json('POST', `${url}/pause`)).toMatchObject({ isPaused: true, nextAt: null })
      expect(await api.json('GET', url)).toMatchObject({ isPaused: true })
    }
    for (const _ of [1, 2]) {
      expect(await api.json('POST', `${url}/resume`)).toMatchObject({
        isPaused: false,
        nextAt: '2026-11-23T03:00:00.000Z',
      })
    }
  })

  test('is deleted with all that is kept of it', async () => {
    const api = await makeSchedule()
    const { id } = await api.json('POST', `${url}/run`)
    expect(await api.json('DELETE', url)).toEqual({ id: 'nightly', deleted: true })
    expectProblem(await api.call('GET', url), 404, 'schedule_not_found')
    expect(await api.json('GET', '/api/v1/schedules')).toEqual({ schedules: [], count: 0 })
    for (const kind of ['schedule', 'schedule-template', 'schedule-state', 'schedule-run']) {
      expect([kind, await api.storage.getRecord(`${kind}/nightly`)]).toEqual([kind, null])
    }
    expect(await api.json('GET', `/api/v1/task_group/${id}`)).toMatchObject({ id })
  })

  test('answers the group that it runs now, which is its last one then', async () => {
    const api = await makeSchedule()
    const group = await api.json('POST', `${url}/run`)
    expect(group).toMatchObject({
      name: 'Nightly',
      state: 'active',
      metadata: { schedule: 'nightly', scheduledFor: '2026-11-22T10:00:00.000Z' },
    })
    expect(group.id).toMatch(/^nightly-20261122T100000Z-[A-Za-z0-9]+$/)
    const { tasks } = await api.json('GET', `/api/v1/task_group/${group.id}/tasks`)
    expect(tasks.map((task: Json) => task.id)).toEqual([`${group.id}.a`])
    expect(await api.json('GET', url)).toMatchObject({
      lastFiredAt: '2026-11-22T10:00:00.000Z',
      lastGroupId: group.id,
    })
  })
})

describe('the next times', () => {
  test('are ten, in UTC and in the zone of the schedule', async () => {
    const api = await makeSchedule({ timezone: 'America/New_York' })
    const { times } = await api.json('GET', `${url}/next`)
    expect(times).toHaveLength(10)
    expect(times[0]).toEqual({
      at: '2026-11-23T08:00:00.000Z',
      local: '2026-11-23T03:00:00.000-05:00',
      firesAt: '2026-11-23T08:00:00.000Z',
    })
  })

  test('are as many as are asked for, also while it is paused, and tell when they are fired', async () => {
    const api = await makeSchedule({ jitterSeconds: 600, isPaused: true })
    const { times } = await api.json('GET', `${url}/next?count=2`)
    expect(times.map(({ at }: Json) => at)).toEqual(['2026-11-23T03:00:00.000Z', '2026-11-24T03:00:00.000Z'])
    for (const { at, firesAt } of times) expect(Date.parse(firesAt) - Date.parse(at)).toBeLessThan(600_000)
    expect((await api.json('POST', `${url}/resume`)).nextAt).toBe(times[0].firesAt)
  })

  test.each(['0', '101', 'x', '1.5'])('are not %s', async (count) => {
    const api = await makeSchedule()
    expectProblem(await api.call('GET', `${url}/next?count=${count}`), 422, 'invalid_request')
  })
})

describe('schedules', () => {
  test('are listed by id, page by page, without their templates', async () => {
    const api = await makeApi()
    for (const id of ['b', 'c', 'a']) await api.json('PUT', `/api/v1/schedule/${id}`, body)
    const { template: _, ...row } = await api.json('GET', '/api/v1/schedule/a')
    const page = await api.json('GET', '/api/v1/schedules?pageSize=2')
    expect(page.count).toBe(3)
    expect(page.schedules[0]).toEqual(row)
    expect(page.schedules.map(({ id }: Json) => id)).toEqual(['a', 'b'])
    const next = await api.json('GET', '/api/v1/schedules?page=2&pageSize=2')
    expect(next.schedules.map(({ id }: Json) => id)).toEqual(['c'])
    expect((await api.json('GET', '/api/v1/schedules?pageSize=0')).schedules).toHaveLength(3)
  })

  test('are found by a part of the id or the name, in any case of letters', async () => {
    const api = await makeApi()
    await api.json('PUT', '/api/v1/schedule/import-shops', body)
    await api.json('PUT', '/api/v1/schedule/x', { ...body, name: 'Import of stock' })
    await api.json('PUT', '/api/v1/schedule/y', body)
    const search = async (text: string) => {
      const { schedules, count } = await api.json('GET', `/api/v1/schedules?search=${text}&pageSize=1`)
      return [schedules.map(({ id }: Json) => id), count]
    }
    expect(await search('IMPORT')).toEqual([['import-shops'], 2])
    expect(await search('stock')).toEqual([['x'], 1])
    expect(await search('none')).toEqual([[], 0])
  })

  test('that one changes at the same time as another lose no change', async () => {
    const api = await makeSchedule()
    const edits = [{ name: 'n' }, { overlap: 'allow' }, { catchUp: 'none' }, { jitterSeconds: 5 }]
    await Promise.all([...edits.map((edit) => api.json('PUT', url, edit)), api.json('POST', `${url}/pause`)])
    expect(await api.json('GET', url)).toMatchObject({ ...Object.assign({}, ...edits), isPaused: true })
  })
})

describe('what does not exist is not found', () => {
  test.each([
    ['GET', url],
    ['DELETE', url],
    ['POST', `${url}/pause`],
    ['POST', `${url}/resume`],
    ['POST', `${url}/run`],
    ['GET', `${url}/next`],
    ['GET', `/api/v1/schedule/${'x'.repeat(500)}`],
    ['GET', '/api/v1/schedule/a%2Fb'],
  ])('%s %s', async (method, address) => {
    const api = await makeApi()
    expectProblem(await api.call(method, address), 404, 'schedule_not_found')
  })
})

describe('a bad schedule is refused with where it is bad, and changes nothing', () => {
  const task = { worker: 'w' }
  const bad: readonly [object, string, string?][] = [
    [{ cron: 'often' }, '/cron'],
    [{ cron: '' }, '/cron'],
    [{ cron: 5 }, '/cron'],
    [{ cron: null }, '/cron'],
    [{ cron: '61 * * * *' }, '/cron'],
    [{ cron: '* * * * * * *' }, '/cron'],
    [{ cron: '0 0 30 2 *' }, '/cron'],
    [{ cron: '*/0.5 * * * * *' }, '/cron'],
    [{ cron: '2027-01-01T00:00:00Z' }, '/cron'],
    [{ cron: '0 0 * * *,'.repeat(50) }, '/cron'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ timezone: '' }, '/timezone'],
    [{ timezone: null }, '/timezone'],
    [{ timezone: 'x'.repeat(1000) }, '/timezone'],
    [{ overlap: 'wait' }, '/overlap'],
    [{ overlap: true }, '/overlap'],
    [{ catchUp: 1 }, '/catchUp'],
    [{ jitterSeconds: -1 }, '/jitterSeconds'],
    [{ jitterSeconds: 86_401 }, '/jitterSeconds'],
    [{ jitterSeconds: '5' }, '/jitterSeconds'],
    [{ isPaused: 'yes' }, '/isPaused'],
    [{ name: 5 }, '/name'],
    [{ name: 'x'.repeat(1001) }, '/name'],
    [{ template: null }, '/template'],
    [{ template: [] }, '/template'],
    [{ template: 'x' }, '/template'],
    [{ template: {} }, '/template/tasks'],
    [{ template: { tasks: [{}] } }, '/template/tasks/0/worker'],
    [{ template: { tasks: [task, { ...task, priority: 'x' }] } }, '/template/tasks/1/priority'],
    [{ template: { tasks: [], keyScope: 'all' } }, '/template/keyScope'],
    [{ template: { tasks: [], onTaskFailure: 'stop' } }, '/template/onTaskFailure'],
    [{ template: { tasks: [], metadata: { a: 1 } } }, '/template/metadata'],
    [{ template: { tasks: [], id: 'mine' } }, '/template/id'],
    [{ timeZone: 'Europe/Berlin' }, '/timeZone'],
    [{ 'a/b': 1 }, '/a~1b'],
    [{ template: { tasks: [{ ...task, parentIds: ['b'] }] } }, '/template/tasks/0/parentIds/0', 'unknown_parent'],
    [{ template: { tasks: [{ ...task, id: 'a', parentIds: ['a'] }] } }, '/template/tasks/0/parentIds', 'cycle'],
    [
      {
        template: {
          tasks: [
            { ...task, id: 'a' },
            { ...task, id: 'a' },
          ],
        },
      },
      '/template/tasks/1/id',
      'duplicate_id',
    ],
  ]

  test('also a name that would not come back as it was', async () => {
    const api = await makeApi()
    const body = { cron: '@daily', name: '\ud800', template: { tasks: [] } }
    const problem = expectProblem(await api.call('PUT', '/api/v1/schedule/s', { body }), 422, 'invalid_request')
    expect(problem.errors).toEqual([{ pointer: '/name', detail: 'expected text without lone surrogates or NUL' }])
  })

  test.each(bad)('%j', async (edit, pointer, code = 'invalid_request') => {
    const api = await makeSchedule()
    const before = await api.json('GET', url)
    const answer = await api.call('PUT', url, { body: { name: 'changed', ...edit } })
    const { errors } = expectProblem(answer, code === 'duplicate_id' ? 409 : 422, code)
    expect(errors.map((error: Json) => error.pointer)).toEqual([pointer])
    expect(await api.json('GET', url)).toEqual(before)
    expect(api.log).toEqual([])
  })

  test('with more metadata than leaves room for its own', async () => {
    const api = await makeApi()
    const metadata = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`m${i}`, 'x']))
    const answer = await api.call('PUT', url, { body: { ...body, template: { tasks: [], metadata } } })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/template/metadata' }])
    const { m30: _, ...most } = metadata
    await api.json('PUT', url, { ...body, template: { tasks: [], metadata: { ...most, schedule: 'x' } } })
  })

  test('with all its faults at once', async () => {
    const api = await makeApi()
    const answer = await api.call('PUT', url, {
      body: { cron: 'x', timezone: 'y', overlap: 'z', template: { tasks: [{ worker: 5 }] } },
    })
    const { errors } = expectProblem(answer, 422, 'invalid_request')
    expect(errors.map(({ pointer }: Json) => pointer)).toEqual([
      '/cron',
      '/timezone',
      '/overlap',
      '/template/tasks/0/worker',
    ])
  })

  test('that is new and lacks what a new one needs', async () => {
    const api = await makeApi()
    const { errors } = expectProblem(await api.call('PUT', url), 422, 'invalid_request')
    expect(errors.map(({ pointer }: Json) => pointer)).toEqual(['/cron', '/template'])
  })

  test('under a name that leaves no room for the time in the ids of its groups', async () => {
    const api = await makeApi()
    const put = (id: string) => api.call('PUT', `/api/v1/schedule/${id}`, { body })
    for (const id of ['x'.repeat(MAX_SCHEDULE_ID_LENGTH + 1), 'a%20b', 'a%2Fb']) {
      expect(expectProblem(await put(id), 422, 'invalid_request').errors).toMatchObject([{ pointer: '/id' }])
    }
    expect((await put('x'.repeat(MAX_SCHEDULE_ID_LENGTH))).statusCode).toBe(200)
  })

  test('whose body is no object, or no JSON', async () => {
    const api = await makeApi()
    expectProblem(await api.call('PUT', url, { body: [] }), 422, 'invalid_request')
    expectProblem(await api.call('PUT', url, { raw: '{"template":{"tasks":[01]}}' }), 400, 'invalid_json')
    const deep = `{"template":${'['.repeat(200)}${']'.repeat(200)}}`
    expectProblem(await api.call('PUT', url, { raw: deep }), 400, 'json_too_deep')
  })

  test('whose keys are to exclude over groups where groups are apart', async () => {
    const api = await makeApi({ wrap: (storage) => Object.assign(storage, { isPartitioned: true }) })
    const answer = await api.call('PUT', url, { body: { ...body, template: { ...template, keyScope: 'worker' } } })
    expect(expectProblem(answer, 422, 'key_scope_unavailable').errors).toMatchObject([
      { pointer: '/template/keyScope' },
    ])
  })
})

test('whoever listens hears of each change', async () => {
  const api = await makeApi()
  const heard: unknown[] = []
  api.storage.subscribe((events) => heard.push(...events.map((event) => event.type)))
  await api.json('PUT', url, body)
  await api.json('POST', `${url}/pause`)
  await api.json('POST', `${url}/resume`)
  await api.json('DELETE', url)
  expect(heard).toEqual([...Array(3).fill('schedule.updated'), 'schedule.deleted'])
})

test('the document has the fields that answers have', async () => {
  const api = await makeApi()
  const { Schedule, ScheduleRow } = (await api.json('GET', '/openapi.json')).components.schemas
  const schedule = await api.json('PUT', url, body)
  const { template: _, ...row } = schedule
  for (const [schema, answer] of [
    [Schedule, schedule],
    [ScheduleRow, row],
  ]) {
    expect(Object.keys(schema.properties)).toEqual(Object.keys(answer))
    expect(schema.required).toEqual(Object.keys(answer))
  }
})

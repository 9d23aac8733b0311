import { expect, onTestFinished, test } from 'vitest'
import { digest } from '../../server/controller/digest.ts'
import { deliveriesOf } from '../../server/core/delivery.ts'
import { IN_USE_KEY, NOTIFICATIONS_KEY } from '../../server/core/notifications.ts'
import { type Role, roles } from '../../server/core/roles.ts'
import { makeTask } from '../support/make.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { receiver } from '../support/watcher-world.ts'
import { openSocket } from './listen.ts'
import { expectProblem, makeApi, TOKEN } from './make-api.ts'
import { makeRoles } from './operations.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MASKED = 'whsec_****LaSw'
const groupEvents = ['group.succeeded', 'group.failed', 'group.paused', 'task.failed']

test('a group says who is told and what runs last, with secrets masked, and takes that back', async () => {
  const { json, storage } = await makeApi()
  const notify = [
    { url: 'https://e.com/hook', events: ['group.failed'], signingSecret: SECRET },
    { url: 'https://f.com' },
  ]
  const last = { worker: 'cleanup', input: { b: [], a: 1 } }
  const made = await json('POST', '/api/v1/task_groups', { id: 'g', notify, finally: last })
  expect(made).toMatchObject({
    notify: [
      { url: 'https://e.com/hook', events: ['group.failed'], signingSecret: MASKED },
      { url: 'https://f.com/', events: groupEvents, signingSecret: null },
    ],
    finally: last,
  })
  const again = await json('PUT', '/api/v1/task_group/g', { notify: made.notify, finally: made.finally, name: 'n' })
  expect([again.notify, again.finally, again.name]).toEqual([made.notify, made.finally, 'n'])
  expect(JSON.stringify(await storage.findGroup('g'))).not.toContain(SECRET.slice(6))
  expect((await json('PUT', '/api/v1/task_group/g', { name: 'm' })).notify).toEqual(made.notify)
  const cleared = await json('PUT', '/api/v1/task_group/g', { notify: [], finally: null })
  expect([cleared.notify, cleared.finally]).toEqual([[], null])
})

test('a masked secret that nobody stored, or that is for another host, is refused', async () => {
  const { call, json } = await makeApi()
  const masked = { url: 'https://e.com/hook', signingSecret: MASKED }
  expectProblem(await call('POST', '/api/v1/task_groups', { body: { notify: [masked] } }), 422, 'invalid_request')
  await json('POST', '/api/v1/task_groups', { id: 'g', notify: [{ ...masked, signingSecret: SECRET }] })
  const elsewhere = { ...masked, url: 'https://evil.com/' }
  const refused = await call('PUT', '/api/v1/task_group/g', { body: { notify: [elsewhere] } })
  expect(expectProblem(refused, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/notify/0/signingSecret' }])
})

test('what is refused for another reason leaves nothing of its receivers behind', async () => {
  const { call, json, fingerprint } = await makeApi()
  await json('POST', '/api/v1/task_groups', { id: 'there' })
  const told = { notify: [{ url: 'https://e.com/', signingSecret: SECRET }], finally: { worker: 'cleanup' } }
  const masked = { url: 'https://f.com/', signingSecret: MASKED }
  const before = await fingerprint()
  const refusals = [
    ['POST', '/api/v1/task_groups', { id: 'there', ...told }],
    ['POST', '/api/v1/task_groups/graph', { ...told, tasks: [{ worker: 'w', parentIds: ['unknown'] }] }],
    ['PUT', '/api/v1/task_group/there', { notify: [...told.notify, masked] }],
    ['PUT', '/api/v1/schedule/s', { template: { ...told, tasks: [{ worker: 'w' }] } }],
    ['PUT', '/api/v1/notifications', { notify: [...told.notify, masked] }],
  ] as const
  for (const [method, url, body] of refusals) {
    const refused = await call(method, url, { body })
    expect([url, refused.statusCode]).toEqual([url, url === '/api/v1/task_groups' ? 409 : 422])
  }
  expect(await fingerprint()).toBe(before)
})

test('the same on a graph and in the template of a schedule', async () => {
  const { json } = await makeApi()
  const group = { notify: [{ url: 'https://e.com/', signingSecret: SECRET }], finally: { worker: 'cleanup' } }
  const tasks = [{ id: 'a', worker: 'w' }]
  const shown = { url: 'https://e.com/', events: groupEvents, signingSecret: MASKED }
  expect(await json('POST', '/api/v1/task_groups/graph', { id: 'g', ...group, tasks })).toMatchObject({
    notify: [shown],
    finally: { worker: 'cleanup' },
  })
  const put = await json('PUT', '/api/v1/schedule/s', { cron: '* * * * *', template: { ...group, tasks } })
  expect(put.template).toMatchObject({ notify: [shown], finally: { worker: 'cleanup' } })
  const again = await json('PUT', '/api/v1/schedule/s', { template: put.template })
  expect(again.template).toEqual(put.template)
  expect(await json('POST', '/api/v1/schedule/s/run')).toMatchObject({
    notify: [shown],
    finally: { worker: 'cleanup' },
  })
})

test('where receivers are is for whoever may set it: viewers, and all who follow a group, see their hosts', async () => {
  const api = await makeApi()
  const headers = await makeRoles(api)
  const notify = [{ url: 'https://hooks.e.com/T0/B0/path-secret?x=query-secret' }]
  const [whole, masked] = [notify[0]?.url, 'https://hooks.e.com/****']
  await api.json('POST', '/api/v1/task_groups', { id: 'g', notify })
  await api.json('PUT', '/api/v1/schedule/s', { cron: '0 0 * * *', template: { notify, tasks: [] } })
  const seen = async (role: Role): Promise<unknown[]> => {
    const read = async (url: string) => (await api.call('GET', url, { headers: headers[role] })).json()
    const [group, list, schedule] = [
      await read('/api/v1/task_group/g'),
      await read('/api/v1/task_groups'),
      await read('/api/v1/schedule/s'),
    ]
    return [group, list.taskGroups[0], schedule.template].map(({ notify: [{ url }] }) => url)
  }
  expect(await Promise.all(roles.map(seen))).toEqual([
    [masked, masked, masked],
    [whole, whole, whole],
    [whole, whole, whole],
  ])
  const socket = await openSocket(`${await api.listen()}/api/v1/task_group/g/stream/${TOKEN}`)
  onTestFinished(() => socket.close())
  await api.json('PUT', '/api/v1/task_group/g', { name: 'n' })
  expect(await socket.next()).toMatchObject({ taskGroup: { name: 'n', notify: [{ url: masked }] } })
})

test('a masked address that is sent back stays what it was, and is refused where it may be of several or of none', async () => {
  const { call, json } = await makeApi()
  const [url, masked] = ['https://hooks.e.com/T0/path-secret', 'https://hooks.e.com/****']
  const receiver = { url, events: ['group.failed'], signingSecret: SECRET }
  const shown = { ...receiver, url: masked, signingSecret: MASKED }
  const refusedAt = async (path: string, body: object): Promise<string> => {
    const answer = await call(path === '/api/v1/task_groups' ? 'POST' : 'PUT', path, { body })
    return expectProblem(answer, 422, 'invalid_request').errors[0].pointer
  }
  expect(await refusedAt('/api/v1/task_groups', { notify: [{ url: masked }] })).toBe('/notify/0/url')
  await json('POST', '/api/v1/task_groups', { id: 'g', notify: [receiver] })
  const kept = [{ ...receiver, signingSecret: MASKED }]
  expect((await json('PUT', '/api/v1/task_group/g', { notify: [shown] })).notify).toEqual(kept)
  expect(await refusedAt('/api/v1/task_group/g', { notify: [shown, receiver] })).toBe('/notify/0/url')
  await json('PUT', '/api/v1/task_group/g', { notify: [receiver, { url: 'https://hooks.e.com/other' }] })
  expect(await refusedAt('/api/v1/task_group/g', { notify: [shown] })).toBe('/notify/0/url')
  await json('PUT', '/api/v1/schedule/s', { cron: '0 0 * * *', template: { notify: [receiver], tasks: [] } })
  const schedule = await json('PUT', '/api/v1/schedule/s', { template: { notify: [shown], tasks: [] } })
  expect(schedule.template.notify).toEqual(kept)
  expect(await refusedAt('/api/v1/notifications', { notify: [{ url: masked }] })).toBe('/notify/0/url')
})

test('the input of the last task is kept digit by digit, of a group and in a template', async () => {
  const api = await makeApi()
  const last = '{"worker":"w","input":{"n":9007199254740993,"a":[ ],"b":1.50}}'
  const kept = '"input":{"n":9007199254740993,"a":[ ],"b":1.50}'
  const group = `{"id":"g","tasks":[],"finally":${last}}`
  expect((await api.call('POST', '/api/v1/task_groups/graph', { raw: group })).statusCode).toBe(200)
  expect((await api.call('GET', '/api/v1/task_group/g')).body).toContain(kept)
  const schedule = `{"cron":"0 0 * * *","template":{"tasks":[],"finally":${last}}}`
  expect((await api.call('PUT', '/api/v1/schedule/s', { raw: schedule })).statusCode).toBe(200)
  expect((await api.call('GET', '/api/v1/schedule/s')).body).toContain(kept)
})

test('a bad setting is told with its place, and nobody names a worker of deliveries', async () => {
  const { call } = await makeApi()
  const pointersOf = async (body: object) => {
    const answer = await call('POST', '/api/v1/task_groups/graph', { body: { tasks: [], ...body } })
    return expectProblem(answer, 422, 'invalid_request').errors.map(({ pointer }: { pointer: string }) => pointer)
  }
  expect(await pointersOf({ notify: {} })).toEqual(['/notify'])
  expect(await pointersOf({ notify: [{ url: 'http://10.0.0.1/', events: ['x'] }] })).toEqual([
    '/notify/0/url',
    '/notify/0/events',
  ])
  expect(await pointersOf({ finally: { worker: 'w', parentIds: [] } })).toEqual(['/finally/parentIds'])
  expect(await pointersOf({ tasks: [{ worker: 'crew.notify/e.com' }] })).toEqual(['/tasks/0/worker'])
})

test('who is told of all groups is for admins to read and to set', async () => {
  const { call, json } = await makeApi()
  expect(await json('GET', '/api/v1/notifications')).toEqual({ notify: [] })
  const notify = [{ url: 'https://e.com/', signingSecret: SECRET }]
  const shown = {
    notify: [{ url: 'https://e.com/', events: [...groupEvents, 'workgroup.held'], signingSecret: MASKED }],
  }
  expect(await json('PUT', '/api/v1/notifications', { notify })).toEqual(shown)
  expect(await json('PUT', '/api/v1/notifications', shown)).toEqual(shown)
  expect(await json('GET', '/api/v1/notifications')).toEqual(shown)
  expectProblem(await call('PUT', '/api/v1/notifications', { body: {} }), 422, 'invalid_request')
  expectProblem(await call('PUT', '/api/v1/notifications', { body: { notify: [], more: 1 } }), 422, 'invalid_request')
  expect(await json('PUT', '/api/v1/notifications', { notify: [] })).toEqual({ notify: [] })
})

test('servers begin to look for what is to be told when all is there but whom to tell, which comes next', async () => {
  const written: string[] = []
  const { json } = await makeApi({
    wrap: (storage) =>
      wrapStorage(storage, {
        putRecord: (key, value, expiresAt) => {
          written.push(key)
          return storage.putRecord(key, value, expiresAt)
        },
      }),
  })
  await json('PUT', '/api/v1/notifications', { notify: [{ url: 'https://e.com/', signingSecret: SECRET }] })
  expect(written.length).toBeGreaterThan(2)
  expect(written.slice(-2)).toEqual([IN_USE_KEY, NOTIFICATIONS_KEY])
})

test('what a rule for all workers says is not for receivers', async () => {
  const { json, services } = await makeApi({ workers: { secrets: { KEY: 'sk-live-12345' } } })
  await json('PUT', '/api/v1/worker/*', { headers: { 'x-key': 'secret:KEY' }, signingSecret: SECRET })
  const signingSecret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
  await json('POST', '/api/v1/task_groups', { notify: [{ url: 'https://e.com/', signingSecret }] })
  const [name = ''] = [...services.directory.all.keys()].filter((known) => known.startsWith('crew.notify/'))
  expect(services.directory.settingsOf(name)).toMatchObject({ headers: {}, url: null, mode: 'push' })
})

test('a group of deliveries is made by Crew alone', async () => {
  const { call, json } = await makeApi()
  for (const url of ['/api/v1/task_groups', '/api/v1/task_groups/graph']) {
    const refused = await call('POST', url, { body: { id: 'crew.notifications.2026-11-23', tasks: [] } })
    expect(expectProblem(refused, 422, 'invalid_request').errors).toMatchObject([{ pointer: '/id' }])
  }
  const schedule = { cron: '* * * * *', template: { tasks: [] } }
  const refused = await call('PUT', '/api/v1/schedule/crew.notifications.x', { body: schedule })
  expectProblem(refused, 422, 'invalid_request')
  await json('POST', '/api/v1/task_groups', { id: 'crew.notifications-test' })
})

test('a delivery shows no path of its receiver, and can neither be changed nor copied', async () => {
  const { call, json, storage } = await makeApi()
  const [task] = deliveriesOf(
    { id: 'x', type: 'group.failed', at: 0, data: {} },
    [receiver({ url: 'https://e.com/secret' })],
    { now: 0, digest },
  )
  await json('POST', '/api/v1/task_groups', { id: 'g' })
  const groupId = 'g'
  const events = [{ type: 'task.created', groupId, taskId: task?.id ?? '' } as const]
  await storage.commit([
    { guards: [], changes: [{ kind: 'insertTask', task: { ...makeTask(), ...task, groupId } }], events },
  ])
  const at = `/api/v1/task/${task?.id}`
  expect((await json('GET', at)).metadata.url).toBe('https://e.com/****')
  expect((await call('GET', `${at}/request`)).body).not.toContain('secret')
  expectProblem(await call('PUT', at, { body: { input: {} } }), 422, 'invalid_request')
  expectProblem(await call('POST', `${at}/pluck`, { body: {} }), 422, 'invalid_request')
})

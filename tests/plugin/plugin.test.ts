import { join } from 'node:path'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { crewPlugin, openStorage } from '../../server/plugin/crew-plugin.ts'
import { openEvents, openSocket } from '../api/listen.ts'
import { makeFolder } from '../server/crew-process.ts'
import { eventually } from '../support/eventually.ts'
import { type Application, ann, type Json, makeApplication, post } from './application.ts'

describe('Crew within an application', () => {
  test('runs tasks by workers of the application', async () => {
    const world = await makeApplication({ workerBaseUrl: '/workers/' }, (app) => {
      app.post<{ Body: { input: number } }>('/workers/double', async ({ body }) => ({ output: 2 * body.input }))
    })
    const { id } = await world.json('/crew/api/v1/task_groups/graph', {
      tasks: [
        { id: 'a', worker: 'double', input: 4 },
        { id: 'b', worker: 'double', input: 8, parentIds: ['a'] },
      ],
    })
    await eventually(async () => (await world.json(`/crew/api/v1/task_group/${id}`)).state === 'succeeded')
    expect((await world.json('/crew/api/v1/task/b')).output).toBe(16)
  })

  test('is reached below the prefix by what finishes later', async () => {
    const asked = Promise.withResolvers<string>()
    const world = await makeApplication({ workerBaseUrl: '/workers/' }, (app) => {
      app.post<{ Body: { callback: { url: string } } }>('/workers/later', async ({ body }, reply) => {
        asked.resolve(body.callback.url)
        return reply.code(202).send()
      })
    })
    const { id } = await world.json('/crew/api/v1/task_groups/graph', { tasks: [{ id: 'a', worker: 'later' }] })
    const url = await asked.promise
    expect(url).toMatch(`${world.url}/crew/api/v1/attempt/`)
    await eventually(async () => (await fetch(`${url}/complete`, post({ output: 7 }))).status === 200)
    await eventually(async () => (await world.json(`/crew/api/v1/task_group/${id}`)).state === 'succeeded')
  })

  test('has its page, its documents and its problems below the prefix', async () => {
    const world = await makeApplication()
    expect(await (await world.fetch('/crew/healthz')).text()).toBe('Healthy!')
    expect((await world.json('/crew/openapi.json')).openapi).toBe('3.1.0')
    expect((await world.fetch('/crew/', { headers: { accept: 'text/html' } })).headers.get('content-type')).toContain(
      'text/html',
    )
    const stray = await world.fetch('/crew/nothing')
    expect([stray.status, ((await stray.json()) as Json).code]).toEqual([404, 'route_not_found'])
    expect((await world.app.inject({ url: '/crew/api/v1/me', headers: ann })).json().name).toBe('ann')
  })

  test('takes bodies and names that the application would not', async () => {
    const world = await makeApplication({}, (app) => {
      app.addContentTypeParser('application/json', (_request, _body, done) => done(new Error('none is read here')))
    })
    const input = 'x'.repeat(2 * 1024 * 1024)
    const { id } = await world.json('/crew/api/v1/task_groups/graph', { tasks: [{ id: 'a', worker: 'w', input }] })
    expect((await world.json(`/crew/api/v1/task_group/${id}/tasks`)).tasks[0].input).toBe(input)
    const name = 'w'.repeat(250)
    expect((await world.fetch(`/crew/api/v1/workgroup/${name}/pause`, post({ seconds: 60 }))).status).toBe(200)
  })

  test('tells events and both websockets', async () => {
    const world = await makeApplication()
    await world.json('/crew/api/v1/task_groups', { id: 'g' })
    const events = await openEvents(`${world.url}/crew/api/v1/events`, ann)
    const stream = await openSocket(`${world.url}/crew/api/v1/task_group/g/stream/-`, ann)
    const live = await openSocket(`${world.url}/crew/api/v1/live`, ann)
    expect(await live.next()).toMatchObject({ seq: expect.any(String) })
    const task = await world.json('/crew/api/v1/task_group/g/tasks', { id: 't', worker: 'w' })
    expect(await stream.next()).toMatchObject({ type: 'create', task: { id: task.id } })
    await eventually(async () => (await events.next()).includes('task.created'))
    for (const client of [events, stream, live]) client.close()
  })

  test('is there twice, each with a storage of its own', async () => {
    const world = await makeApplication({}, (app) =>
      app.register(crewPlugin, {
        prefix: '/other',
        storage: 'memory',
        authenticate: () => ({ name: 'else', role: 'viewer' }),
      }),
    )
    await world.json('/crew/api/v1/task_groups', { id: 'g' })
    expect((await world.json('/crew/api/v1/task_groups')).count).toBe(1)
    expect((await world.json('/other/api/v1/task_groups')).count).toBe(0)
    expect((await world.json('/other/api/v1/me')).name).toBe('else')
    for (const prefix of ['crew', 'other']) {
      const live = await openSocket(`${world.url}/${prefix}/api/v1/live`, ann)
      expect(await live.next()).toMatchObject({ seq: expect.any(String) })
      live.close()
    }
  })

  test('may be below other prefixes, behind the hooks of its scope', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(
      async (scope) => {
        scope.addHook('preHandler', async ({ headers }, reply) =>
          headers['x-user'] ? undefined : reply.code(418).send('who are you?'),
        )
        await scope.register(crewPlugin, { prefix: '/crew', storage: 'memory', authPassword: 'secret' })
      },
      { prefix: '/tools' },
    )
    const url = await app.listen({ port: 0 })
    expect((await fetch(`${url}/tools/crew/healthz`)).status).toBe(418)
    expect((await fetch(`${url}/tools/crew/healthz`, { headers: ann })).status).toBe(200)
    await expect(openSocket(`${url}/tools/crew/api/v1/live`)).rejects.toThrow('the upgrade was refused')
  })

  test('has its own login where the application says nothing of who asks', async () => {
    const world = await makeApplication({ authenticate: undefined as never, authPassword: 'secret-of-the-test' })
    expect((await world.fetch('/crew/api/v1/me')).status).toBe(401)
    const login = await world.fetch('/crew/login', post({ username: 'admin', password: 'secret-of-the-test' }))
    expect(login.headers.get('set-cookie')).toContain('Path=/crew/;')
    const { token } = (await login.json()) as Json
    const me = await world.fetch('/crew/api/v1/me', { headers: { authorization: `Bearer ${token}` } })
    expect(await me.json()).toEqual({ name: 'admin', role: 'admin', kind: 'session' })
  })

  test('tells the password that it made on stderr, once', async () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const world = await makeApplication({ authenticate: undefined as never })
    let password = ''
    await eventually(async () => {
      password = /log in as admin \/ (\S+) /.exec(String(told.mock.calls[0]?.[0]))?.[1] ?? ''
      return password !== ''
    })
    expect((await world.fetch('/crew/login', post({ username: 'admin', password }))).status).toBe(200)
  })
})

describe('who asks', () => {
  const write = (headers: Record<string, string>, world: Application) =>
    world.fetch('/crew/api/v1/task_groups', {
      ...post({}),
      headers: { 'content-type': 'application/json', ...headers },
    })

  test('may what his role may', async () => {
    const world = await makeApplication()
    const viewer = { 'x-role': 'viewer' }
    const me = await world.fetch('/crew/api/v1/me', { headers: viewer })
    expect(await me.json()).toEqual({ name: 'ann', role: 'viewer', kind: 'application' })
    expect((await write(viewer, world)).status).toBe(403)
    expect((await write({ 'x-role': 'operator' }, world)).status).toBe(200)
    expect((await world.json('/crew/api/v1/system')).auth).toBe('application')
  })

  test.each([
    ['null', () => null, 401],
    ['nothing', () => undefined, 401],
    ['an error that says 401', () => Promise.reject(Object.assign(new Error('no'), { statusCode: 401 })), 401],
    ['another error', () => Promise.reject(new Error('broken')), 500],
    ['a role that is none', () => ({ name: 'a', role: 'boss' }), 500],
  ])('is asked of the application, and %s lets nobody in', async (_what, authenticate, status) => {
    const world = await makeApplication({ authenticate: authenticate as never })
    expect((await world.fetch('/crew/api/v1/me')).status).toBe(status)
    expect((await world.fetch('/crew/api/v1/me', { headers: { authorization: 'Bearer -' } })).status).toBe(status)
    await expect(openSocket(`${world.url}/crew/api/v1/live`)).rejects.toThrow('the upgrade was refused')
    await expect(openSocket(`${world.url}/crew/api/v1/task_group/g/stream/-`)).rejects.toThrow(
      'the upgrade was refused',
    )
  })

  test('is not believed to mean what a page of another site sends', async () => {
    const world = await makeApplication()
    const host = new URL(world.url).host
    const sent = [
      { origin: 'https://evil.example' },
      { origin: `http://${host}`, 'sec-fetch-site': 'same-site' },
      { origin: `http://${host}` },
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'https://app.example', authorization: 'Bearer of-the-application' },
      {},
    ]
    expect(await Promise.all(sent.map(async (headers) => (await write(headers as never, world)).status))).toEqual([
      403, 403, 200, 200, 200, 200,
    ])
    const foreign = { ...ann, origin: 'https://evil.example' }
    await expect(openSocket(`${world.url}/crew/api/v1/live`, foreign)).rejects.toThrow('the upgrade was refused')
  })

  test('is asked again while a websocket is open', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    let isKnown = true
    const world = await makeApplication({ authenticate: () => (isKnown ? { name: 'a', role: 'viewer' } : null) })
    const live = await openSocket(`${world.url}/crew/api/v1/live`)
    await live.next()
    isKnown = false
    vi.advanceTimersByTime(15_000)
    expect(await live.closed).toBe(4401)
  })
})

describe('the application around it', () => {
  test('keeps its errors, strays, parsers, validators and headers', async () => {
    const world = await makeApplication({}, (app) => {
      app.setErrorHandler((_error, _request, reply) => reply.code(599).send('an error of the application'))
      app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing of the application'))
      app.get('/throws', async () => Promise.reject(new Error('x')))
      app.post('/text', async ({ body }) => body)
      app.post(
        '/checked',
        { schema: { body: { type: 'object', properties: { n: { type: 'integer' } } } } },
        async (r) => r.body,
      )
    })
    expect(await answerOf(world, '/throws')).toEqual([599, 'an error of the application'])
    expect(await answerOf(world, '/nothing')).toEqual([404, 'nothing of the application'])
    const text = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'as it is' }
    expect(await answerOf(world, '/text', text)).toEqual([200, 'as it is'])
    // Coerced, as Fastify does by itself and Crew does not.
    expect(await answerOf(world, '/checked', post({ n: '7' }))).toEqual([200, '{"n":7}'])
    expect((await world.fetch('/nothing')).headers.get('content-security-policy')).toBeNull()
    expect((await world.fetch('/crew/healthz')).headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('has its hooks run for requests of Crew, and their headers sent', async () => {
    const seen: string[] = []
    const world = await makeApplication({}, (app) => {
      app.addHook('onRequest', async (request, reply) => {
        seen.push(request.originalUrl)
        reply.header('x-of-the-application', '1').header('content-security-policy', 'none of this')
      })
    })
    const answer = await world.fetch('/crew/healthz')
    expect(answer.headers.get('x-of-the-application')).toBe('1')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const live = await openSocket(`${world.url}/crew/api/v1/live`, ann)
    live.close()
    expect(seen).toEqual(['/crew/healthz', '/crew/api/v1/live'])
  })

  test.each(['before', 'after'])('has websockets of its own, registered %s Crew', async (when) => {
    const app = Fastify()
    onTestFinished(() => app.close())
    const own = async () => {
      await app.register(websocket)
      await app.register(async (scope) => {
        scope.get('/own', { websocket: true }, (socket) => socket.send('"hello"'))
      })
    }
    if (when === 'before') await own()
    await app.register(crewPlugin, {
      prefix: '/crew',
      storage: 'memory',
      authenticate: () => ({ name: 'a', role: 'viewer' }),
    })
    if (when === 'after') await own()
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const [mine, live] = [await openSocket(`${url}/own`), await openSocket(`${url}/crew/api/v1/live`)]
    expect(await mine.next()).toBe('hello')
    expect(await live.next()).toMatchObject({ seq: expect.any(String) })
    for (const socket of [mine, live]) socket.close()
  })

  test('answers a request for an upgrade that it has none for', async () => {
    const world = await makeApplication({}, (app) => app.get('/own', async () => 'plain'))
    await expect(openSocket(`${world.url}/own`)).rejects.toThrow('the upgrade was refused')
    expect(await (await world.fetch('/own')).text()).toBe('plain')
  })
})

describe('when the application closes', () => {
  test('attempts in flight finish first', async () => {
    const storage = await openStorage('memory')
    onTestFinished(() => storage.close())
    const [called, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const world = await makeApplication({ storage, workerBaseUrl: '/workers/' }, (app) => {
      app.post('/workers/slow', async () => {
        called.resolve()
        await answer.promise
        return { output: 'in time' }
      })
      app.addHook('preClose', async () => answer.resolve())
    })
    await world.json('/crew/api/v1/task_groups/graph', { tasks: [{ id: 'a', worker: 'slow' }] })
    await called.promise
    await world.app.close()
    expect((await storage.getTasks(['a']))[0]).toMatchObject({ output: '"in time"' })
  })

  test('a stop may take longer than Fastify gives a plugin', async () => {
    const storage = await openStorage('memory')
    onTestFinished(() => storage.close())
    const [called, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const world = await makeApplication(
      { storage, workerBaseUrl: '/workers/' },
      (app) => {
        app.post('/workers/slow', async () => {
          called.resolve()
          await closing.promise
          return { output: 'in time' }
        })
        // Fastify runs it when it has given up on those before, and closes the port then.
        app.addHook('onClose', async () => expect((await storage.getTasks(['a']))[0]?.output).toBe('"in time"'))
      },
      { pluginTimeout: 2000 },
    )
    await world.json('/crew/api/v1/task_groups/graph', { tasks: [{ id: 'a', worker: 'slow' }] })
    await called.promise
    world.app.server.close = ((close) => (done?: () => void) => {
      closing.resolve()
      return close.call(world.app.server, done)
    })(world.app.server.close)
    await world.app.close()
  })

  test('its own file is free, and what the application opened stays open', async () => {
    const setting = `sqlite:${join(makeFolder(), 'crew.db')}`
    const first = await makeApplication({ storage: setting })
    await first.json('/crew/api/v1/task_groups', { id: 'g' })
    await first.app.close()
    const storage = await openStorage(setting)
    onTestFinished(() => storage.close())
    expect((await storage.findGroup('g'))?.id).toBe('g')
    const second = await makeApplication({ storage })
    await second.app.close()
    expect((await storage.findGroup('g'))?.id).toBe('g')
  })

  test('streams and websockets do not hold it up', async () => {
    const world = await makeApplication()
    const live = await openSocket(`${world.url}/crew/api/v1/live`, ann)
    const events = await openEvents(`${world.url}/crew/api/v1/events`, ann)
    await world.app.close()
    await Promise.all([live.closed, events.ended])
  })
})

describe('options', () => {
  test.each([
    [{ maxInFlight: 0 }, 'maxInFlight is "0": expected a whole number from 1 to 10000.'],
    [{ maxInflight: 5 }, 'maxInflight is no option of the plugin (did you mean maxInFlight?).'],
    [{ port: 80 }, 'port is no option of the plugin: the application listens.'],
    [{ auth: 'off' }, 'auth is no option of the plugin: authenticate says who asks.'],
    [{ prefix: '/:tenant' }, 'prefix is "/:tenant": expected a path like /crew/, of letters, digits and ._~-.'],
    [{ workerBaseUrl: '/w?x=1' }, 'workerBaseUrl is "/w?x=1": expected a path, or http://HOST/PATH'],
    [{ storage: 'postgres://x' }, 'storage is "postgres://x": expected sqlite:PATH'],
    [{ storage: 'sqlite:missing/crew.db' }, 'missing/crew.db cannot be opened as a store of Crew'],
    [{ secrets: { SHOP: 'short' } }, 'CREW_SECRET_SHOP holds a value that cannot be used'],
  ])('%o is refused in one sentence', async (options, sentence) => {
    await expect(makeApplication(options as never)).rejects.toThrow(sentence)
  })

  test('what is not set has its default', async () => {
    const world = await makeApplication({
      maxInFlight: undefined,
      leaseMs: 5000,
      cleanExpiredGroups: true,
      expiredGroupIntervalInDays: 0.5,
    })
    expect((await world.json('/crew/api/v1/system')).retention).toMatchObject({ finishedGroupDays: 0.5 })
  })
})

async function answerOf(world: Application, path: string, init: RequestInit & { body?: string } = {}) {
  const answer = await world.fetch(path, init)
  return [answer.status, await answer.text()]
}

import { describe, expect, test } from 'vitest'
import { noSettings, settingsKey, settingsText, type WorkerSettings } from '../../server/core/worker-settings.ts'
import { answer } from '../support/attempts.ts'
import { type ControllerWorld, type ControllerWorldOptions, openControllerWorld } from '../support/controller-world.ts'

const KEY = 'sk-live-1234567890'

/** A controller whose workers have these settings. */
async function openWorld(
  settings: Readonly<Record<string, Partial<WorkerSettings>>>,
  options: ControllerWorldOptions = {},
): Promise<ControllerWorld> {
  const world = await openControllerWorld({ isStarted: false, secrets: { SHOP: KEY }, ...options })
  for (const [name, fields] of Object.entries(settings)) {
    await world.storage.putRecord(settingsKey(name), settingsText({ ...noSettings(name), ...fields }))
  }
  await world.book.reload()
  await world.controller.start()
  return world
}

describe('an attempt', () => {
  test('is made as the settings of its worker say', async () => {
    const settings = {
      url: 'https://e.com/hook',
      headers: { authorization: 'Bearer secret:SHOP', accept: 'text/x' },
      timeoutSeconds: 7,
    }
    const { graph, workers, advance, timers } = await openWorld({ w: settings })
    await graph([{ id: 'a' }, { id: 'b', timeoutSeconds: 3 }])
    await advance(10)
    const sent = workers.calls.map(({ url, timeoutMs, isGuarded }) => ({ url, timeoutMs, isGuarded }))
    expect(sent).toEqual([
      { url: 'https://e.com/hook', timeoutMs: 7000, isGuarded: true },
      { url: 'https://e.com/hook', timeoutMs: 3000, isGuarded: true },
    ])
    const { headers = [] } = workers.calls[0] ?? {}
    const byName = Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : [])))
    expect(byName).toMatchObject({
      authorization: `Bearer ${KEY}`,
      accept: 'text/x',
      'crew-timeout': '7',
      'crew-task-id': 'a',
    })
    expect(headers.filter((text) => text === 'accept')).toHaveLength(1)
    expect(timers.nextAt).not.toBeNull()
  })

  test('without the secret that it needs is not made, and fails in words that name it', async () => {
    const { graph, workers, advance, load } = await openWorld({ w: { headers: { 'x-a': 'secret:GONE' } } })
    await graph([{ id: 'a' }])
    await advance(10)
    expect(workers.calls).toEqual([])
    const { errors, remainingAttempts } = await load('a')
    expect(errors.join()).toContain('header x-a: this server has no secret GONE: set CREW_SECRET_GONE')
    expect(remainingAttempts).toBe(4)
  })

  test('leaves no secret in the output, the errors, the record or the log, whatever the worker says', async () => {
    const world = await openWorld({ w: { headers: { authorization: 'Bearer secret:SHOP' } } })
    const { graph, reply, load, storage, logged, fingerprint } = world
    await graph([{ id: 'good' }, { id: 'bad' }, { id: 'broken' }])
    await world.advance(10)
    await reply('good', answer({ output: { got: `Bearer ${KEY}` } }))
    await reply('bad', answer({ error: `wrong key ${KEY}` }))
    await reply('broken', { kind: 'networkError', message: `no answer: ${KEY}` })
    expect((await load('good')).output).toBe('{"got":"Bearer ***"}')
    const tasks = await Promise.all(['good', 'bad', 'broken'].map(load))
    const attempts = await Promise.all(tasks.map(({ id }) => storage.listAttempts(id)))
    expect(tasks.map(({ errors }) => errors.length)).toEqual([0, 1, 1])
    expect(JSON.stringify([tasks, attempts, logged, await fingerprint()])).not.toContain(KEY)
  })

  test('is counted in the figures of its worker', async () => {
    const { graph, reply, advance, figures, clock } = await openWorld({})
    await graph([{ id: 'a' }, { id: 'b' }])
    await advance(10)
    await reply('a')
    await reply('b', answer({ error: 'no' }))
    expect(figures.of('w', clock.now())).toMatchObject({
      attempts: 2,
      errors: 1,
      lastError: { message: 'no', taskId: 'b' },
    })
  })
})

describe('what Crew does not push', () => {
  test('is not POSTed, loses no attempt, and is not claimed again and again', async () => {
    const settings = { 'own-pull': { mode: 'pull' }, 'rule/*': { mode: 'pull' }, both: { mode: 'both' } } as const
    let claims = 0
    const world = await openWorld(settings, {
      wrap: (storage) =>
        new Proxy(storage, {
          get(target, name) {
            const member = target[name as keyof typeof target]
            if (name === 'claim') {
              return async (request: Parameters<typeof target.claim>[0]) => {
                const result = await target.claim(request)
                claims += result.tasks.filter(({ task }) => task.worker !== 'both').length
                return result
              }
            }
            return typeof member === 'function' ? member.bind(target) : member
          },
        }),
    })
    await world.graph([
      { id: 'a', worker: 'own-pull' },
      { id: 'b', worker: 'rule/x' },
      { id: 'c', worker: 'both' },
    ])
    await world.advance(20_000)
    expect(world.workers.openIds).toEqual(['c'])
    expect(claims).toBe(1)
    const tasks = await Promise.all(['a', 'b'].map(world.load))
    expect(tasks.map(({ attempts, lease, remainingAttempts }) => ({ attempts, lease, remainingAttempts }))).toEqual([
      { attempts: 0, lease: null, remainingAttempts: 5 },
      { attempts: 0, lease: null, remainingAttempts: 5 },
    ])
  })

  test('because it has no address waits, while a worker with a URL of its own is called', async () => {
    const world = await openWorld({ w: { url: 'https://e.com/' } }, { baseUrl: null })
    await world.graph([{ id: 'a' }, { id: 'b', worker: 'nowhere' }])
    await world.advance(20_000)
    expect(world.workers.calls.map(({ url, taskId }) => [url, taskId])).toEqual([['https://e.com/', 'a']])
    expect(await world.load('b')).toMatchObject({ attempts: 0, lease: null })
  })

  test('is pushed as soon as its settings say so', async () => {
    const world = await openWorld({ w: { mode: 'pull' } })
    await world.graph([{ id: 'a' }])
    await world.advance(5000)
    expect(world.workers.calls).toEqual([])
    await world.storage.putRecord(settingsKey('w'), null)
    await world.book.reloadOne('w')
    await world.advance(2000)
    expect(world.workers.openIds).toEqual(['a'])
  })
})

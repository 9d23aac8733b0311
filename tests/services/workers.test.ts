import { describe, expect, test } from 'vitest'
import type { CrewEvent } from '../../server/core/change-set.ts'
import { FOREVER } from '../../server/core/time.ts'
import { parseWorkerEdit, type WorkerEdit } from '../../server/core/worker-edit.ts'
import { DEFAULT_BREAKER, settingsKey } from '../../server/core/worker-settings.ts'
import type { WorkerContext } from '../../server/services/worker-context.ts'
import { testWorker } from '../../server/services/worker-test.ts'
import {
  deleteWorker,
  editWorker,
  getWorker,
  listWorkers,
  pauseWorker,
  resumeWorker,
} from '../../server/services/workers.ts'
import { nobodyOutside } from '../support/nobody-outside.ts'
import { openServiceWorld, refusalOf } from '../support/service-world.ts'
import { SIMULATED_START } from '../support/simulated-clock.ts'
import { type DirectoryOptions, makeDirectory } from '../support/worker-directory.ts'

/** A store, and a server that knows its workers. */
async function openWorld(options: DirectoryOptions = {}) {
  const world = await openServiceWorld()
  const known = makeDirectory(world, { secrets: { SHOP: 'sk-live-1' }, ...options })
  const context: WorkerContext = {
    ...world.context,
    directory: known.directory,
    settingsTurns: known.settingsTurns,
    outside: nobodyOutside,
  }
  const events: CrewEvent[] = []
  world.storage.subscribe((told) => events.push(...told))
  const edit = (name: string, body: unknown) => editWorker(context, name, changeOf(body, name, context))
  const names = async () =>
    (await listWorkers(context, { page: 1, pageSize: 0, search: '' })).workers.map((w) => w.name)
  return { ...world, ...known, context, events, edit, names }
}

function changeOf(body: unknown, name: string, { directory }: WorkerContext): WorkerEdit {
  const { edit, faults } = parseWorkerEdit(body, name, directory)
  expect(faults).toEqual([])
  return edit
}

const manual = { scope: 'worker', kind: 'manual', since: SIMULATED_START, taskId: '', source: '', probeMs: 0 }

describe('workers', () => {
  test('are those with settings and those that tasks or holds name, rules too, by name', async () => {
    const { context, graph, edit, names } = await openWorld()
    await graph([{ id: 'a', worker: 'mail' }])
    await edit('shop/*', { maxConcurrent: 2 })
    await edit('quiet', { timeoutSeconds: 5 })
    await pauseWorker(context, 'held', { until: FOREVER, reason: '' })
    expect(await names()).toEqual(['held', 'mail', 'quiet', 'shop/*'])
  })

  test('are found by a part of their name and shown in pages', async () => {
    const { context, edit } = await openWorld()
    for (const name of ['shop/b', 'Shop/a', 'mail', 'shop/c']) await edit(name, {})
    const page = await listWorkers(context, { page: 2, pageSize: 2, search: 'SHOP' })
    expect([page.workers.map(({ name }) => name), page.count]).toEqual([['shop/c'], 3])
  })

  test('show what waits and what runs', async () => {
    const { context, graph, claimTask } = await openWorld()
    await graph([{ id: 'a' }, { id: 'b', isPaused: true }])
    expect(await getWorker(context, 'w')).toMatchObject({ waiting: 1, inFlight: 0 })
    await claimTask('a')
    expect(await getWorker(context, 'w')).toMatchObject({ waiting: 0, inFlight: 1 })
  })

  test('that nobody knows are not found, with the name that was probably meant', async () => {
    const { context, edit, graph } = await openWorld()
    await graph([{ id: 'a', worker: 'send-mail' }])
    await edit('fetch-page', {})
    const misspelt = await refusalOf('worker_not_found', getWorker(context, 'send-mial'))
    expect(misspelt.message).toBe('No settings, task or hold name a worker "send-mial" (did you mean send-mail?).')
    const page = await refusalOf('worker_not_found', getWorker(context, 'fetchpage'))
    expect(page.message).toContain('did you mean fetch-page?')
    const other = await refusalOf('worker_not_found', getWorker(context, 'other'))
    expect(other.message).not.toContain('did you mean')
  })
})

describe('settings', () => {
  test('are set field by field; the others stay', async () => {
    const { context, edit } = await openWorld()
    await edit('w', { url: 'https://e.com/x', maxConcurrent: 3, breaker: { failures: 2 } })
    const view = await edit('w', { timeoutSeconds: 9, rateLimit: { count: 10, perSeconds: 1 } })
    expect(view).toEqual(await getWorker(context, 'w'))
    expect(view).toMatchObject({
      settingsFrom: 'w',
      address: 'https://e.com/x',
      settings: { url: 'https://e.com/x', timeoutSeconds: 9, breaker: { ...DEFAULT_BREAKER, failures: 2 } },
      limits: { maxConcurrent: 3, rate: { count: 10, perMs: 1000, burst: 1 }, rampStepMs: 1000 },
    })
  })

  test('that are null are as if nobody had set them', async () => {
    const { edit } = await openWorld()
    await edit('w', { url: 'https://e.com/x', maxConcurrent: 3, headers: { 'x-a': '1' } })
    expect(await edit('w', { url: null, maxConcurrent: null, headers: null })).toMatchObject({
      address: 'http://workers.test/w',
      settings: { url: null, headers: {} },
      limits: { maxConcurrent: null },
    })
  })

  test('bound what is claimed', async () => {
    const { edit, graph, claim } = await openWorld()
    await edit('w', { maxConcurrent: 2 })
    await graph([{ id: 'a' }, { id: 'b' }, { id: 'c' }])
    expect((await claim()).length).toBe(2)
  })

  test('of a rule are those of every worker below it that has none', async () => {
    const { context, edit, graph } = await openWorld()
    await graph([{ id: 'a', worker: 'shop/a' }])
    await edit('shop/*', { url: 'https://e.com/hooks', maxConcurrent: 3, timeoutSeconds: 5 })
    expect(await getWorker(context, 'shop/a')).toMatchObject({
      settingsFrom: 'shop/*',
      address: 'https://e.com/hooks/a',
      settings: { url: 'https://e.com/hooks', timeoutSeconds: 5 },
      limits: { maxConcurrent: 3 },
    })
    expect(await getWorker(context, 'shop/*')).toMatchObject({ settingsFrom: 'shop/*', address: null })
  })

  test('of its own begin with those of the rule that it had, and stay when that changes', async () => {
    const { edit } = await openWorld()
    await edit('shop/*', { url: 'https://e.com/hooks', maxConcurrent: 3, headers: { 'x-a': '1' } })
    const own = {
      settingsFrom: 'shop/a',
      address: 'https://e.com/hooks/a',
      settings: { timeoutSeconds: 5, headers: { 'x-a': '1' } },
      limits: { maxConcurrent: 3 },
    }
    expect(await edit('shop/a', { timeoutSeconds: 5 })).toMatchObject(own)
    await edit('shop/*', { url: null, maxConcurrent: 1, headers: null })
    expect(await edit('shop/a', {})).toMatchObject(own)
  })

  test('of a rule begin with those of the wider rule', async () => {
    const { edit, directory } = await openWorld()
    await edit('*', { url: 'https://e.com/all', maxConcurrent: 3 })
    await edit('shop/*', { timeoutSeconds: 5 })
    expect(directory.addressOf('shop/a')).toBe('https://e.com/all/shop/a')
  })

  test('of the same worker that are set at the same moment are all set', async () => {
    const { context, edit } = await openWorld()
    await Promise.all([
      edit('w', { timeoutSeconds: 9 }),
      edit('w', { maxConcurrent: 2 }),
      edit('w', { rateLimit: { count: 1, perSeconds: 1 } }),
      edit('w', { mode: 'both' }),
    ])
    expect(await getWorker(context, 'w')).toMatchObject({
      settings: { timeoutSeconds: 9, mode: 'both' },
      limits: { maxConcurrent: 2, rate: { count: 1 } },
    })
  })

  test('are stored with the names of secrets, never with their values', async () => {
    const { edit, storage } = await openWorld()
    await edit('w', { headers: { authorization: 'Bearer secret:SHOP' } })
    const stored = (await storage.getRecord(settingsKey('w'))) ?? ''
    expect(stored).toContain('Bearer secret:SHOP')
    expect(stored).not.toContain('sk-live-1')
  })

  test('tell by events that they changed, and may be set again', async () => {
    const { context, edit, events } = await openWorld()
    const first = await edit('w', { timeoutSeconds: 5 })
    expect(await edit('w', { timeoutSeconds: 5 })).toEqual(first)
    await deleteWorker(context, 'w')
    expect(events).toEqual([
      { type: 'worker.updated', worker: 'w' },
      { type: 'worker.updated', worker: 'w' },
      { type: 'worker.deleted', worker: 'w' },
    ])
  })

  test("that are deleted are those of the rule again, or nobody's", async () => {
    const { context, edit, graph } = await openWorld()
    await graph([{ id: 'a', worker: 'shop/a' }])
    await edit('shop/*', { maxConcurrent: 3 })
    await edit('shop/a', { maxConcurrent: 1, timeoutSeconds: 5 })
    await deleteWorker(context, 'shop/a')
    expect(await getWorker(context, 'shop/a')).toMatchObject({
      settingsFrom: 'shop/*',
      settings: { timeoutSeconds: null },
      limits: { maxConcurrent: 3 },
    })
    await deleteWorker(context, 'shop/*')
    expect(await getWorker(context, 'shop/a')).toMatchObject({ settingsFrom: null, limits: { maxConcurrent: null } })
    await refusalOf('worker_not_found', deleteWorker(context, 'shop/*'))
  })
})

describe('a pause', () => {
  test('has no end, and is no settings', async () => {
    const { context, edit, storage, events } = await openWorld()
    const view = await edit('w', { isPaused: true })
    expect(view).toMatchObject({ settingsFrom: null, bound: 'hold' })
    expect(view.hold).toEqual({ ...manual, name: 'w', until: FOREVER, reason: 'paused' })
    expect(await storage.getRecord(settingsKey('w'))).toBeNull()
    expect(events).toEqual([{ type: 'worker.held', worker: 'w' }])
    expect(await edit('w', { isPaused: false })).toMatchObject({ hold: null })
    expect((await getWorker(context, 'w').catch(() => null))?.hold ?? null).toBeNull()
  })

  test('keeps its tasks from being claimed as soon as it is acknowledged', async () => {
    const { context, edit, graph, claim } = await openWorld()
    await graph([{ id: 'a' }, { id: 'b', worker: 'other' }])
    await edit('w', { isPaused: true })
    expect((await claim()).map(({ task }) => task.id)).toEqual(['b'])
    await resumeWorker(context, 'w')
    expect((await claim()).map(({ task }) => task.id)).toEqual(['a'])
  })

  test('is not ended by isPaused: false when it has an end of its own', async () => {
    const { context, edit, clock } = await openWorld()
    const until = clock.now() + 60_000
    await pauseWorker(context, 'w', { until, reason: 'lunch' })
    expect((await edit('w', { isPaused: false })).hold).toEqual({ ...manual, name: 'w', until, reason: 'lunch' })
    expect((await resumeWorker(context, 'w')).hold).toBeNull()
  })

  test('ends when the settings are deleted; a hold that an answer asked for does not', async () => {
    const { context, edit, storage, clock } = await openWorld()
    await edit('w', { timeoutSeconds: 5, isPaused: true })
    await deleteWorker(context, 'w')
    expect(await storage.listHolds('worker')).toEqual([])
    await edit('w', { timeoutSeconds: 5 })
    const hold = { ...manual, kind: 'rateLimit', name: 'w', until: clock.now() + 1000, reason: '429' } as const
    await storage.commit([
      { guards: [], changes: [{ kind: 'holdWork', hold: { ...hold, scope: 'worker' } }], events: [] },
    ])
    await deleteWorker(context, 'w')
    expect(await storage.listHolds('worker')).toMatchObject([{ name: 'w', kind: 'rateLimit' }])
  })

  test('is not for a rule, nor for what is no name', async () => {
    const { context } = await openWorld()
    for (const name of ['shop/*', '*', 'a b', '']) {
      const refusal = await refusalOf('invalid_request', pauseWorker(context, name, { until: FOREVER, reason: '' }))
      expect(refusal.faults).toMatchObject([{ pointer: '/name' }])
      await refusalOf('invalid_request', resumeWorker(context, name))
    }
  })
})

test('a breaker is open, then half open with its next probe, then closed', async () => {
  const { context, storage, clock, graph } = await openWorld()
  await graph([{ id: 'a' }])
  const until = clock.now() + 10_000
  const hold = { ...manual, kind: 'breaker', name: 'w', until, reason: '10 in a row', probeMs: 5000 } as const
  await storage.commit([
    { guards: [], changes: [{ kind: 'holdWork', hold: { ...hold, scope: 'worker' } }], events: [] },
  ])
  expect(await getWorker(context, 'w')).toMatchObject({ breakerState: 'open', nextProbeAt: until, bound: 'breaker' })
  clock.set(until)
  expect(await getWorker(context, 'w')).toMatchObject({ breakerState: 'halfOpen', nextProbeAt: until, bound: null })
  expect(await resumeWorker(context, 'w')).toMatchObject({ breakerState: 'closed', nextProbeAt: null })
})

test('figures are those of this server', async () => {
  const { context, figures, edit, clock } = await openWorld()
  const outcome = {
    kind: 'success',
    output: 'null',
    children: [],
    delays: { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null },
  } as const
  const now = clock.now()
  figures.record({ id: 't', worker: 'w' }, { outcome, startedAt: now - 100, endedAt: now, statusCode: 200 })
  await edit('w', {})
  expect((await getWorker(context, 'w')).figures).toMatchObject({ attemptsPerMinute: 0.2, errorShare: 0 })
})

describe('a test call', () => {
  test('shows what was sent and what came back, and changes nothing', async () => {
    const { context, edit, workers, fingerprint } = await openWorld()
    await edit('w', { headers: { authorization: 'Bearer secret:SHOP', 'x-a': 'plain' }, timeoutSeconds: 5 })
    const before = await fingerprint()
    const testing = testWorker(context, 'w', { input: '{"page":1.0}' })
    const [call] = workers.open
    expect(call?.headers.join(' ')).toContain('authorization Bearer sk-live-1 x-a plain crew-test 1')
    expect([call?.timeoutMs, call?.body]).toEqual([
      5000,
      expect.stringMatching(/^\{"input":\{"page":1\.0\},"worker":"w"/),
    ])
    const headers = { 'content-type': 'application/json', 'set-cookie': 'id=1', 'x-echo': 'sk-live-1' }
    const body = '{"output":{"got":"Bearer sk-live-1"}}'
    call?.reply({ kind: 'answer', status: 200, headers, body, bytes: body.length })
    const tested = await testing
    expect(tested).toMatchObject({
      call: {
        url: 'http://workers.test/w',
        headers: { authorization: 'Bearer secret:SHOP', 'x-a': 'plain', 'crew-test': '1' },
      },
      answer: {
        status: 200,
        headers: { 'content-type': 'application/json', 'set-cookie': '***', 'x-echo': '***' },
        body: '{"output":{"got":"Bearer ***"}}',
        durationMs: 0,
      },
      outcome: 'succeeded',
      error: null,
    })
    expect(JSON.stringify(tested)).not.toContain('sk-live-1')
    expect(await fingerprint()).toBe(before)
  })

  test('hides the authorization of the environment', async () => {
    const { context, workers } = await openWorld({ authorization: 'Bearer of-the-environment' })
    const testing = testWorker(context, 'w', {})
    workers.open[0]?.reply({ kind: 'networkError', message: 'no answer: Bearer of-the-environment' })
    const tested = await testing
    expect(tested).toMatchObject({ answer: null, outcome: 'networkError', error: 'no answer: ***' })
    expect(tested.call.headers.authorization).toBe('***')
  })

  test('waits as long as it is told', async () => {
    const { context, workers } = await openWorld()
    const testing = testWorker(context, 'w', { timeoutSeconds: 2 })
    expect(workers.open[0]?.timeoutMs).toBe(2000)
    workers.open[0]?.reply({ kind: 'timeout', message: 'no complete answer within 2 s' })
    expect(await testing).toMatchObject({ answer: null, outcome: 'timeout' })
  })

  test('shows the first 64 KiB of a long answer', async () => {
    const { context, workers } = await openWorld()
    const testing = testWorker(context, 'w', {})
    const body = `"${'x'.repeat(100_000)}"`
    workers.open[0]?.reply({ kind: 'answer', status: 500, headers: {}, body, bytes: body.length })
    const { answer, outcome } = await testing
    expect([answer?.body.length, outcome]).toEqual([65_536, 'failed'])
  })

  test('is not made without the secret that it needs', async () => {
    const { context, edit, workers, book } = await openWorld()
    await edit('w', { headers: { 'x-a': 'secret:SHOP' } })
    const gone = makeDirectory({ storage: context.storage, clock: context.clock })
    await gone.book.reload()
    const tested = await testWorker({ ...context, directory: gone.directory }, 'w', {})
    expect(tested).toMatchObject({ answer: null, error: expect.stringContaining('no secret SHOP') })
    expect([workers.calls, gone.workers.calls, book.all.size]).toEqual([[], [], 1])
  })

  test('needs an address', async () => {
    const { context } = await openWorld({ baseUrl: null })
    await refusalOf('worker_has_no_address', testWorker(context, 'w', {}))
    await refusalOf('invalid_request', testWorker(context, 'shop/*', {}))
  })

  test('is one of ten at most', async () => {
    const { context, workers } = await openWorld()
    const testing = Array.from({ length: 10 }, () => testWorker(context, 'w', {}))
    await refusalOf('too_many_requests', testWorker(context, 'w', {}))
    for (const call of workers.open) call.reply()
    await Promise.all(testing)
    const again = testWorker(context, 'w', {})
    workers.open[0]?.reply()
    expect(await again).toMatchObject({ outcome: 'succeeded' })
  })
})

import { describe, expect, onTestFinished, test } from 'vitest'
import { keepBook } from '../../server/controller/book-keeper.ts'
import { type BaseWorkers, StoredWorkerBook } from '../../server/controller/worker-book.ts'
import type { CrewEvent } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import { UNSIGNED } from '../../server/core/signature.ts'
import { noSettings, settingsKey, settingsText, type WorkerSettings } from '../../server/core/worker-settings.ts'
import type { EventListener, PageQuery } from '../../storage/task-storage.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'
import { makeSigningKeys } from '../support/worker-directory.ts'

interface BookOptions {
  readonly settings?: Readonly<Record<string, Partial<WorkerSettings>>>
  readonly base?: Partial<BaseWorkers>
  readonly secrets?: Readonly<Record<string, string>>
}

/** A book over records that the test changes, as another server would. */
async function makeBook({ settings = {}, base = {}, secrets = {} }: BookOptions = {}) {
  const records = new Map<string, string>()
  const put = (name: string, fields: Partial<WorkerSettings> | null) => {
    if (fields === null) records.delete(settingsKey(name))
    else records.set(settingsKey(name), settingsText({ ...noSettings(name), ...fields }))
  }
  for (const [name, fields] of Object.entries(settings)) put(name, fields)
  const reads = { pages: 0, beforePage: async () => {} }
  const storage = {
    getRecord: async (key: string) => records.get(key) ?? null,
    async listRecords(_kind: string, { page, pageSize }: PageQuery) {
      const all = [...records].map(([key, value]) => ({ key, value }))
      reads.pages++
      await reads.beforePage()
      return { records: all.slice((page - 1) * pageSize, page * pageSize), count: all.length }
    },
  }
  const book = new StoredWorkerBook({
    storage,
    base: {
      baseUrl: 'http://base.test/',
      authorization: 'Bearer base',
      signing: UNSIGNED,
      timeoutSeconds: 300,
      ...base,
    },
    secrets: new Map(Object.entries(secrets)),
    signingKeys: makeSigningKeys({ secrets }),
  })
  await book.reload()
  return { book, put, reads }
}

describe('the settings of a worker', () => {
  test('are its own, else those of the longest rule, else the defaults', async () => {
    const { book } = await makeBook({
      settings: {
        'shop/orders': { timeoutSeconds: 1 },
        'shop/*': { timeoutSeconds: 2 },
        'shop/eu/*': { timeoutSeconds: 3 },
        '*': { timeoutSeconds: 4 },
      },
    })
    const names = ['shop/orders', 'shop/stock', 'shop/eu/stock', 'mail', 'shop']
    expect(names.map((name) => book.settingsOf(name).timeoutSeconds)).toEqual([1, 2, 3, 4, 4])
    const bare = await makeBook()
    expect(bare.book.settingsOf('mail')).toEqual(noSettings('mail'))
  })

  test('are read page by page', async () => {
    const many = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`w${i}`, { timeoutSeconds: i + 1 }]))
    const { book, reads } = await makeBook({ settings: many })
    expect([book.all.size, reads.pages, book.settingsOf('w2000').timeoutSeconds]).toEqual([2001, 3, 2001])
  })

  test('are those of now after one was read again', async () => {
    const { book, put } = await makeBook({ settings: { '*': { timeoutSeconds: 4 } } })
    expect(book.settingsOf('w').timeoutSeconds).toBe(4)
    put('w', { timeoutSeconds: 5 })
    await book.reloadOne('w')
    expect(book.settingsOf('w').timeoutSeconds).toBe(5)
    put('w', null)
    await book.reloadOne('w')
    expect(book.settingsOf('w').timeoutSeconds).toBe(4)
  })

  test('are not set back by a reading of all that began before a change', async () => {
    const { book, put, reads } = await makeBook({ settings: { w: { timeoutSeconds: 1 } } })
    reads.beforePage = async () => {
      put('w', { timeoutSeconds: 2 })
      await book.reloadOne('w')
    }
    await book.reload()
    expect(book.settingsOf('w').timeoutSeconds).toBe(2)
  })
})

describe('the plan of a call', () => {
  test('without settings is that of the environment', async () => {
    const { book } = await makeBook()
    expect(book.planOf('shop/orders')).toEqual({
      kind: 'push',
      url: 'http://base.test/shop/orders',
      isGuarded: false,
      authorization: 'Bearer base',
      own: { headers: {}, secrets: [], problem: null },
      signing: UNSIGNED,
      timeoutSeconds: 300,
    })
  })

  test('with a URL of its own is guarded, and without the authorization of the environment', async () => {
    const settings = { w: { url: 'https://e.com/x', headers: { 'x-key': 'secret:A' }, timeoutSeconds: 7 } }
    const { book } = await makeBook({ settings, secrets: { A: 'sk-1' } })
    expect(book.planOf('w')).toEqual({
      kind: 'push',
      url: 'https://e.com/x',
      isGuarded: true,
      authorization: null,
      own: { headers: { 'x-key': 'sk-1' }, secrets: ['sk-1'], problem: null },
      signing: UNSIGNED,
      timeoutSeconds: 7,
    })
  })

  test('by a rule goes below the URL of the rule', async () => {
    const { book } = await makeBook({ settings: { 'shop/*': { url: 'https://e.com/hooks' } } })
    expect(book.planOf('shop/a/b')).toMatchObject({ url: 'https://e.com/hooks/a/b', isGuarded: true })
    expect(book.addressOf('mail')).toBe('http://base.test/mail')
  })

  test('without an address or with mode pull is none, and the worker is told apart from then on', async () => {
    const settings = { a: { mode: 'pull' as const }, 'b/*': { mode: 'pull' as const }, c: { url: 'https://e.com/' } }
    const { book } = await makeBook({ settings, base: { baseUrl: null } })
    expect([...book.pullWorkers()]).toEqual(['a'])
    expect(['a', 'b/x', 'c', 'd'].map((name) => book.planOf(name).kind)).toEqual(['pull', 'pull', 'push', 'noAddress'])
    expect([...book.pullWorkers()].sort()).toEqual(['a', 'b/x', 'd'])
    expect(['a', 'b/x', 'c', 'd', ''].map((name) => book.isReachable(name))).toEqual([true, true, true, false, true])
    expect(book.hasUrls()).toBe(true)
  })

  test('of a worker that is told apart stays so while a reading of all finds nothing new', async () => {
    const { book, put } = await makeBook({ settings: { 'pulled/*': { mode: 'pull' } } })
    book.planOf('pulled/a')
    await book.reload()
    expect([...book.pullWorkers()]).toEqual(['pulled/a'])
    put('pulled/*', { mode: 'push' })
    await book.reloadOne('pulled/*')
    put('pulled/*', { mode: 'pull' })
    await book.reload()
    expect(book.planOf('pulled/a').kind).toBe('pull')
  })

  test('of workers that are told apart stays so however many names are asked for', async () => {
    const { book } = await makeBook({ base: { baseUrl: null } })
    for (let n = 0; n < 25_000; n++) book.planOf(`nobody/${n}`)
    expect([...book.pullWorkers()]).toHaveLength(25_000)
  })

  test('of workers that are told apart are as many as a claim can name', async () => {
    const { book } = await makeBook({ base: { baseUrl: null } })
    for (let n = 0; n < 70_000; n++) {
      book.planOf(`nobody/${n}`)
      if (n % 10_000 === 0) expect([...book.pullWorkers()].length).toBeLessThanOrEqual(30_000)
    }
  })

  test('of a worker that is told apart is made again when settings change', async () => {
    const { book, put } = await makeBook({ base: { baseUrl: null } })
    expect([book.planOf('w').kind, book.hasUrls(), book.isReachable('')]).toEqual(['noAddress', false, false])
    put('w', { url: 'https://e.com/' })
    await book.reloadOne('w')
    expect([...book.pullWorkers()]).toEqual([])
    expect([book.planOf('w').kind, book.hasUrls()]).toEqual(['push', true])
  })
})

describe('a book that is kept', () => {
  async function makeKept() {
    const world = await makeBook()
    const timers = simulatedTimers(simulatedClock())
    const listeners = new Set<EventListener>()
    const errors: unknown[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => errors.push(fields) }
    const storage = {
      feed: { subscribe: () => () => {} },
      subscribe(listener: EventListener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    const stop = keepBook({ book: world.book, storage, timers, logger })
    onTestFinished(stop)
    const tell = async (event: CrewEvent) => {
      for (const listener of listeners) listener([event], 'commit')
      await timers.advance(0)
    }
    return { ...world, timers, listeners, errors, tell, stop }
  }

  test('learns at once of what an event names', async () => {
    const { book, put, tell } = await makeKept()
    put('w', { timeoutSeconds: 5 })
    await tell({ type: 'worker.updated', worker: 'w' })
    expect(book.settingsOf('w').timeoutSeconds).toBe(5)
    put('w', null)
    await tell({ type: 'worker.deleted', worker: 'w' })
    expect(book.settingsOf('w').timeoutSeconds).toBeNull()
  })

  test('learns within five seconds of what no event named', async () => {
    const { book, put, timers } = await makeKept()
    put('w', { timeoutSeconds: 5 })
    await timers.advance(5000)
    expect(book.settingsOf('w').timeoutSeconds).toBe(5)
  })

  test('keeps what it knows while the storage is away, and says nothing: others do', async () => {
    const { book, put, reads, timers, errors } = await makeKept()
    put('w', { timeoutSeconds: 5 })
    await timers.advance(5000)
    reads.beforePage = () => Promise.reject(new CrewError('storage_unavailable', 'away'))
    await timers.advance(20_000)
    expect([book.settingsOf('w').timeoutSeconds, errors]).toEqual([5, []])
    reads.beforePage = () => Promise.reject(new Error('a fault'))
    await timers.advance(5000)
    expect(errors).toHaveLength(1)
  })

  test('is left alone when it is stopped', async () => {
    const { listeners, timers, reads, stop } = await makeKept()
    stop()
    const { pages } = reads
    await timers.advance(60_000)
    expect([listeners.size, reads.pages, timers.nextAt]).toEqual([0, pages, null])
  })
})

import { describe, expect, onTestFinished, test } from 'vitest'
import { SharedFigures } from '../../server/controller/shared-figures.ts'
import { WorkerFigures } from '../../server/controller/worker-figures.ts'
import { CrewError } from '../../server/core/errors.ts'
import { read } from '../support/attempts.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { simulatedTimers } from '../support/simulated-timers.ts'

/** Servers on one store. */
function makeServers() {
  const clock = simulatedClock()
  const timers = simulatedTimers(clock)
  const records = new Map<string, string>()
  const weather = { isAway: false }
  const logged: string[] = []
  const answered = async <Value>(value: Value): Promise<Value> => {
    if (weather.isAway) throw new CrewError('storage_unavailable', 'away')
    return value
  }
  const storage = {
    feed: { subscribe: () => () => {} },
    async putRecord(key: string, value: string | null) {
      await answered(null)
      if (value === null) records.delete(key)
      else records.set(key, value)
    },
    listRecords: () => answered({ records: [...records].map(([key, value]) => ({ key, value })), count: records.size }),
  }
  const logger = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => logged.push(message) }
  function makeServer(instance: string, isShared = true) {
    const figures = new WorkerFigures()
    const { feed, ...alone } = storage
    const shared = new SharedFigures({
      ...{ figures, clock, timers, logger, instance },
      storage: isShared ? { feed, ...alone } : alone,
    })
    shared.start()
    onTestFinished(() => shared.stop())
    const end = (worker: string, isGood = true) => {
      const now = clock.now()
      const outcome = read(isGood ? { output: 1 } : { error: `no, said ${instance}` })
      figures.record({ id: 't', worker }, { outcome, startedAt: now - 100, endedAt: now, statusCode: 200 })
    }
    const attempts = async (...workers: string[]) => (await shared.talliesOf(workers)).map((tally) => tally.attempts)
    return { shared, end, attempts }
  }
  return { clock, timers, records, weather, logged, makeServer }
}

describe('the figures of several servers', () => {
  test('are told every five seconds and added up', async () => {
    const { timers, makeServer } = makeServers()
    const [a, b] = [makeServer('a'), makeServer('b')]
    a.end('w')
    b.end('w', false)
    b.end('other')
    expect(await a.attempts('w', 'other')).toEqual([1, 0])
    await timers.advance(5000)
    expect(await a.attempts('w', 'other')).toEqual([2, 1])
    expect(await b.attempts('w', 'none')).toEqual([2, 0])
    expect((await a.shared.total()).attempts).toBe(3)
    const [tally] = await a.shared.talliesOf(['w'])
    expect(tally).toMatchObject({ errors: 1, lastError: { message: 'no, said b' } })
    expect([...(tally?.latencies.values() ?? [])]).toEqual([2])
  })

  test('are without those of a server that has gone, and its record goes too', async () => {
    const { timers, records, makeServer } = makeServers()
    const [a, b, c] = [makeServer('a'), makeServer('b'), makeServer('c')]
    for (const server of [a, b, c]) server.end('w')
    await timers.advance(5000)
    expect(await a.attempts('w')).toEqual([3])
    await b.shared.stop()
    expect(await a.attempts('w')).toEqual([2])
    const [, orphan = ''] = [...records.entries()].find(([key]) => key === 'figures/c') ?? []
    await c.shared.stop()
    records.set('figures/killed', orphan)
    await timers.advance(61_000)
    a.end('w')
    expect(await a.attempts('w')).toEqual([2])
    expect([...records.keys()]).toEqual(['figures/a'])
  })

  test('of one that was killed go within two minutes though nobody asks for them', async () => {
    const { clock, timers, records, makeServer } = makeServers()
    makeServer('a')
    await timers.advance(5000)
    records.set('figures/killed', JSON.stringify({ at: clock.now(), workers: [] }))
    await timers.advance(60_000)
    expect([...records.keys()]).toEqual(['figures/killed'])
    await timers.advance(60_000)
    expect([...records.keys()]).toEqual([])
  })

  test('are its own alone while the storage is away', async () => {
    const { timers, weather, logged, makeServer } = makeServers()
    const [a, b] = [makeServer('a'), makeServer('b')]
    for (const server of [a, b]) server.end('w')
    await timers.advance(5000)
    weather.isAway = true
    await timers.advance(10_000)
    expect([await a.attempts('w'), logged]).toEqual([[1], []])
    weather.isAway = false
    expect(await a.attempts('w')).toEqual([2])
  })

  test('are not written by a server whose workers do nothing, nor where there is only one', async () => {
    const { timers, records, makeServer } = makeServers()
    makeServer('idle')
    makeServer('alone', false).end('w')
    await timers.advance(60_000)
    expect(records.size).toBe(0)
  })
})

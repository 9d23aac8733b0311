import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { deleteSchedule, pauseSchedule, resumeSchedule, runSchedule } from '../../server/services/schedules.ts'
import { openSchedulerWorld, type SchedulerWorld } from '../support/scheduler-world.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** At 10:00 of the 22nd; the schedule was just created. */
async function makeWorld(...created: Parameters<SchedulerWorld['create']>): Promise<SchedulerWorld> {
  const world = await openSchedulerWorld()
  await world.startScheduler()
  await world.create(...created)
  return world
}

/** The ids of groups of `s` by their times: `10:01`, and with seconds where there are any. */
const at = (...times: string[]): string[] =>
  times.map((time) => `s-20261122T${time.replaceAll(':', '').padEnd(6, '0')}Z`)

const full = new CrewError('storage_unavailable', 'away')

describe('a schedule', () => {
  test('fires a group at each of its times, and nothing in between', async () => {
    const world = await makeWorld()
    await world.advance(MINUTE - 1)
    expect(await world.groupIds()).toEqual([])
    await world.advance(1)
    expect(await world.groupIds()).toEqual(at('10:01'))
    await world.finishAll()
    await world.advance(MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
    expect((await world.loadAll('s-20261122T100200Z')).get('s-20261122T100200Z.a')).toMatchObject({ worker: 'w' })
  })

  test('tells what it did and what comes', async () => {
    const world = await makeWorld()
    await world.advance(MINUTE + 500)
    expect(await world.read()).toMatchObject({
      nextAt: Date.parse('2026-11-22T10:02:00Z'),
      state: { lastFiredAt: Date.parse('2026-11-22T10:01:00Z'), lastGroupId: 's-20261122T100100Z', lastSkippedAt: 0 },
    })
  })

  test('fires each second when it is to', async () => {
    const world = await makeWorld({ cron: '* * * * * *', overlap: 'allow' })
    await world.advance(3000)
    expect(await world.groupIds()).toEqual(at('10:00:01', '10:00:02', '10:00:03'))
  })

  test('is in the clock of its zone', async () => {
    const world = await makeWorld({ cron: '5 11 * * *', timezone: 'Europe/Berlin' })
    await world.advance(5 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:05'))
  })

  test('fires one time of day once in the night when clocks go back', async () => {
    const world = await openSchedulerWorld()
    world.clock.set(Date.parse('2026-10-25T00:29:00Z'))
    await world.startScheduler()
    await world.create({ cron: '30 2 * * *', timezone: 'Europe/Berlin' })
    await world.advance(90 * MINUTE)
    expect(await world.groupIds()).toEqual(['s-20261025T003000Z'])
  })

  test('fires what the clocks left out right after it', async () => {
    const world = await openSchedulerWorld()
    world.clock.set(Date.parse('2026-03-29T00:58:00Z'))
    await world.startScheduler()
    await world.create({ cron: '30 2 * * *', timezone: 'Europe/Berlin' })
    await world.advance(5 * MINUTE)
    expect(await world.groupIds()).toEqual(['s-20260329T010000Z'])
  })

  test('fires later by its jitter, for the time it was due', async () => {
    const world = await makeWorld({ jitterSeconds: 50 })
    const { nextAt } = await world.read()
    const late = (nextAt ?? 0) - Date.parse('2026-11-22T10:01:00Z')
    expect(late).toBeGreaterThan(1000)
    await world.advance(MINUTE + late - 1)
    expect(await world.groupIds()).toEqual([])
    await world.advance(1)
    expect(await world.groupIds()).toEqual(at('10:01'))
  })
})

describe('while the last group has not ended', () => {
  test('skip leaves out the times that come, and says which and why', async () => {
    const world = await makeWorld()
    await world.advance(3 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01'))
    const { state } = await world.read()
    expect(state).toMatchObject({ lastSkippedAt: Date.parse('2026-11-22T10:03:00Z'), queue: [], arrived: [] })
    expect(state.lastSkipReason).toBe(
      '2026-11-22T10:03:00.000Z was skipped: the group "s-20261122T100100Z" had not ended',
    )
    await world.finishAll()
    await world.advance(MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:04'))
  })

  test('queue keeps them, and fires the next within two seconds of its end', async () => {
    const world = await makeWorld({ overlap: 'queue' })
    await world.advance(3 * MINUTE + 500)
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect((await world.read()).state.queue).toHaveLength(2)
    await world.finishAll()
    await world.advance(2000)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
    await world.finishAll()
    await world.advance(2000)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02', '10:03'))
    expect((await world.read()).state.queue).toEqual([])
  })

  test('queue notices the end also when nobody tells', async () => {
    const world = await openSchedulerWorld()
    await world.startScheduler({ wrap: (storage) => wrapStorage(storage, { subscribe: () => () => {} }) })
    await world.create({ overlap: 'queue' })
    await world.advance(3 * MINUTE)
    await world.finishAll()
    await world.advance(5000)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
  })

  test('allow fires all the same', async () => {
    const world = await makeWorld({ overlap: 'allow' })
    await world.advance(3 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02', '10:03'))
  })

  test('a group that failed keeps nothing from being fired', async () => {
    const world = await makeWorld({}, { tasks: [{ worker: 'w', remainingAttempts: 0 }] })
    await world.advance(2 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
  })

  test('a group that is paused does', async () => {
    const world = await makeWorld({}, { isPaused: true })
    await world.advance(2 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01'))
  })
})

describe('after nobody was there to fire', () => {
  async function afterThreeHours(...created: Parameters<SchedulerWorld['create']>): Promise<SchedulerWorld> {
    const world = await openSchedulerWorld()
    const scheduler = await world.startScheduler()
    await world.create(...created)
    await world.advance(1000)
    await scheduler.stop()
    world.clock.advance(3 * HOUR + MINUTE)
    await world.startScheduler()
    return world
  }

  test('none of the missed times is made up for when none is to be', async () => {
    const world = await afterThreeHours({ cron: '0 * * * *', catchUp: 'none' })
    expect(await world.groupIds()).toEqual([])
    await world.advance(HOUR)
    expect(await world.groupIds()).toEqual(at('14:00'))
  })

  test('the latest is made up for once', async () => {
    const world = await afterThreeHours({ cron: '0 * * * *' })
    await world.advance(5000)
    expect(await world.groupIds()).toEqual(at('13:00'))
    expect((await world.read()).state.lastSkippedAt).toBe(Date.parse('2026-11-22T12:00:00Z'))
  })

  test('all are made up for at once where they may run beside each other', async () => {
    const world = await afterThreeHours({ cron: '0 * * * *', catchUp: 'all', overlap: 'allow' })
    expect(await world.groupIds()).toEqual(at('11:00', '12:00', '13:00'))
  })

  test('all are made up for one after the other where they may not', async () => {
    const world = await afterThreeHours({ cron: '0 * * * *', catchUp: 'all' })
    expect(await world.groupIds()).toEqual(at('11:00'))
    for (const _ of [1, 2]) {
      await world.finishAll()
      await world.advance(2000)
    }
    expect(await world.groupIds()).toEqual(at('11:00', '12:00', '13:00'))
  })

  test('a machine that slept makes up by the same rules', async () => {
    const world = await makeWorld({ cron: '0 * * * *' })
    await world.timers.jump(3 * HOUR + MINUTE)
    await world.advance(1000)
    expect(await world.groupIds()).toEqual(at('13:00'))
  })

  test('a restart of a few seconds is no absence', async () => {
    const world = await openSchedulerWorld()
    const scheduler = await world.startScheduler()
    await world.create({ catchUp: 'none' })
    await world.advance(MINUTE - 2000)
    await scheduler.stop()
    world.clock.advance(9000)
    await world.startScheduler()
    expect(await world.groupIds()).toEqual(at('10:01'))
  })
})

describe('two servers on one store', () => {
  test('fire once each time', async () => {
    const world = await openSchedulerWorld()
    const commits: string[] = []
    const wrap = (name: string) => (storage: SchedulerWorld['storage']) =>
      wrapStorage(storage, {
        async commit(changeSets) {
          if (changeSets.some(({ changes }) => changes.length > 0)) commits.push(name)
          return storage.commit(changeSets)
        },
      })
    await world.startScheduler({ wrap: wrap('one') })
    await world.startScheduler({ wrap: wrap('other') })
    await world.create({ cron: '* * * * * *', overlap: 'allow' })
    await world.advance(20_000)
    expect(await world.groupIds()).toHaveLength(20)
    expect(new Set(await world.groupIds()).size).toBe(20)
    expect(new Set(commits)).toEqual(new Set(['one', 'other']))
    expect((await world.read()).state).toMatchObject({ lastSkippedAt: 0, arrived: [], queue: [] })
  })

  test('skip together while the last group runs', async () => {
    const world = await openSchedulerWorld()
    await world.startScheduler()
    await world.startScheduler()
    await world.create({ cron: '* * * * * *' })
    await world.advance(5000)
    expect(await world.groupIds()).toEqual(at('10:00:01'))
    await world.finishAll()
    await world.advance(2000)
    expect(await world.groupIds()).toEqual(at('10:00:01', '10:00:06'))
  })

  test('go on alone when the other goes', async () => {
    const world = await openSchedulerWorld()
    const one = await world.startScheduler()
    await world.startScheduler()
    await world.create({ overlap: 'allow' })
    await world.advance(MINUTE)
    await one.stop()
    await world.advance(MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
  })

  test('find what the other was told within five seconds, although no word of it came', async () => {
    const world = await openSchedulerWorld()
    const feed = { subscribe: () => () => {} }
    await world.startScheduler({ wrap: (storage) => wrapStorage(storage, { subscribe: () => () => {}, feed }) })
    await world.create({ cron: '0 * * * *' })
    await world.advance(6000)
    await world.edit({ cron: '* * * * *' })
    await world.advance(54_000)
    expect(await world.groupIds()).toEqual(at('10:01'))
  })
})

describe('a server that dies', () => {
  /** It does what comes until the storage is asked for this, and then nothing ever again. */
  async function dieAt(world: SchedulerWorld, dies: (call: string, key: string) => boolean): Promise<void> {
    let isDead = false
    const alive = async <Result>(call: string, key: string, work: () => Promise<Result>): Promise<Result> => {
      isDead ||= dies(call, key)
      if (isDead) throw full
      return work()
    }
    const scheduler = await world.startScheduler({
      wrap: (storage) =>
        wrapStorage(storage, {
          commit: (sets) => alive('commit', sets[0]?.changes[0]?.kind ?? '', () => storage.commit(sets)),
          putRecord: (key, value) => alive('putRecord', `${key} ${value}`, () => storage.putRecord(key, value)),
          getRecord: (key) => alive('getRecord', key, () => storage.getRecord(key)),
        }),
    })
    await world.advance(MINUTE + 5000)
    await scheduler.stop()
  }

  test('before the group is there has its firing done by the next', async () => {
    const world = await openSchedulerWorld()
    await world.create()
    await dieAt(world, (call, key) => call === 'commit' && key === 'putGroup')
    expect(await world.groupIds()).toEqual([])
    expect((await world.read()).state.arrived).toHaveLength(1)
    await world.startScheduler()
    expect(await world.groupIds()).toEqual(at('10:01'))
  })

  test('after the group is there, before it is noted, is followed by no second group', async () => {
    const world = await openSchedulerWorld()
    await world.create()
    await dieAt(world, (call, key) => call === 'putRecord' && key.includes('"lastGroupId":"s-'))
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect((await world.read()).state.lastGroupId).toBe('')
    await world.advance(54_000)
    await world.startScheduler()
    await world.advance(2000)
    // The group that nobody noted still runs, so the next is skipped.
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect((await world.read()).state).toMatchObject({ lastGroupId: 's-20261122T100100Z', arrived: [] })
    expect((await world.read()).state.lastSkippedAt).toBe(Date.parse('2026-11-22T10:02:00Z'))
  })
})

describe('a storage that fails', () => {
  test('is asked again each second, and what fell due meanwhile is fired', async () => {
    const world = await openSchedulerWorld()
    let isAway = false
    const answer = <Result>(work: () => Promise<Result>) => (isAway ? Promise.reject(full) : work())
    await world.startScheduler({
      wrap: (storage) => wrapStorage(storage, { getRecord: (key) => answer(() => storage.getRecord(key)) }),
    })
    await world.create()
    await world.advance(MINUTE - 1000)
    isAway = true
    await world.advance(6000)
    expect(await world.groupIds()).toEqual([])
    expect(world.logged).toEqual(['the storage is away or full; no schedule is fired until it answers again'])
    isAway = false
    await world.advance(1000)
    expect(await world.groupIds()).toEqual(at('10:01'))
  })

  test('although it did what it was asked has one group for it', async () => {
    const world = await openSchedulerWorld()
    let lost = 0
    await world.startScheduler({
      wrap: (storage) =>
        wrapStorage(storage, {
          async commit(changeSets) {
            const results = await storage.commit(changeSets)
            if (changeSets[0]?.changes.length === 2 && lost++ === 0) throw full
            return results
          },
        }),
    })
    await world.create()
    await world.advance(MINUTE + 3000)
    expect(lost).toBe(1)
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect((await world.read()).state).toMatchObject({ lastGroupId: 's-20261122T100100Z', arrived: [] })
  })
})

describe('a change', () => {
  test('of the pattern counts from then on', async () => {
    const world = await makeWorld({ cron: '0 * * * *', catchUp: 'all' })
    await world.advance(10 * MINUTE + 1000)
    await world.edit({ cron: '*/5 * * * *' })
    await world.advance(5 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:15'))
  })

  test('of the template is in the next group', async () => {
    const world = await makeWorld({ overlap: 'allow' })
    await world.advance(MINUTE)
    await world.edit({}, { tasks: [{ id: 'b', worker: 'other' }] })
    await world.advance(MINUTE)
    expect([...(await world.loadAll('s-20261122T100200Z')).values()]).toMatchObject([{ worker: 'other' }])
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
  })

  test('pauses it at once, and nothing that passes meanwhile is made up for', async () => {
    const world = await makeWorld({ catchUp: 'all', overlap: 'queue' })
    await world.advance(2 * MINUTE + 30_000)
    await pauseSchedule(world.context, 's')
    await world.finishAll()
    await world.advance(3 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect((await world.read()).nextAt).toBeNull()
    await resumeSchedule(world.context, 's')
    await world.advance(30_000)
    expect(await world.groupIds()).toEqual(at('10:01', '10:06'))
  })

  test('that pauses it while it fires many keeps the rest from being fired', async () => {
    const world = await openSchedulerWorld()
    await world.create({ catchUp: 'all', overlap: 'allow' })
    world.clock.advance(10 * MINUTE + 30_000)
    let fired = 0
    await world.startScheduler({
      wrap: (storage) =>
        wrapStorage(storage, {
          async commit(changeSets) {
            const results = await storage.commit(changeSets)
            if (changeSets[0]?.changes.length === 2 && ++fired === 3) await pauseSchedule(world.context, 's')
            return results
          },
        }),
    })
    await world.advance(5000)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02', '10:03'))
  })

  test('that deletes it ends it, and what it fired stays', async () => {
    const world = await makeWorld({ overlap: 'allow' })
    await world.advance(MINUTE)
    await deleteSchedule(world.context, 's')
    await world.advance(2 * MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01'))
    expect(world.timers.nextAt).toBe(world.clock.now() + 1000)
  })

  test('that deletes and creates it again begins anew', async () => {
    const world = await makeWorld()
    await world.advance(MINUTE)
    await deleteSchedule(world.context, 's')
    await world.create()
    expect((await world.read()).state).toMatchObject({ lastFiredAt: 0, handledUntil: 0 })
    await world.advance(MINUTE)
    expect(await world.groupIds()).toEqual(at('10:01', '10:02'))
  })
})

describe('a group asked for by hand', () => {
  test('is created at once with an id of its own, also while the schedule is paused', async () => {
    const world = await makeWorld({ isPaused: true })
    const group = await runSchedule(world.context, 's')
    expect(group.id).toMatch(/^s-20261122T100000Z-new\d+$/)
    expect(group.metadata).toMatchObject({ schedule: 's', scheduledFor: '2026-11-22T10:00:00.000Z' })
    await runSchedule(world.context, 's')
    expect(await world.groupIds()).toHaveLength(2)
  })

  test('counts as the last group', async () => {
    const world = await makeWorld()
    await world.advance(30_000)
    const { id } = await runSchedule(world.context, 's')
    await world.advance(60_000)
    expect(await world.groupIds()).toEqual([id])
    expect((await world.read()).state.lastSkipReason).toContain(id)
    await world.finishAll()
    await world.advance(60_000)
    expect(await world.groupIds()).toEqual([id, ...at('10:02')])
  })
})

test('a firing whose ids others have is skipped with the reason, and the next one comes', async () => {
  const world = await makeWorld()
  await world.graph([{ id: 's-20261122T100100Z.a' }])
  await world.advance(MINUTE)
  expect((await world.read()).state.lastSkipReason).toMatch(/a task has an id that one of its tasks would have/)
  expect(world.logged).toEqual(['schedule not fired'])
  await world.advance(MINUTE)
  expect(await world.groupIds()).toEqual(['g', ...at('10:02')])
})

test('many schedules due at one moment are all fired', async () => {
  const world = await openSchedulerWorld()
  await world.create()
  const { schedule, template } = await world.read()
  for (let i = 1; i < 600; i++) {
    await world.storage.putRecord(`schedule/s${i}`, JSON.stringify(schedule))
    await world.storage.putRecord(`schedule-template/s${i}`, JSON.stringify(template))
  }
  await world.startScheduler()
  world.clock.advance(MINUTE)
  // Thousands of calls to the storage: some more turns of the event loop than anything else here takes.
  for (let look = 0; look < 100; look++) await world.advance(10)
  expect(await world.groupIds()).toHaveLength(600)
  expect(world.logged).toEqual([])
})

test('a server that stops fires nothing more, and is quiet when it says so', async () => {
  const world = await openSchedulerWorld()
  const scheduler = await world.startScheduler()
  await world.create()
  await scheduler.stop()
  await world.advance(2 * MINUTE)
  expect(await world.groupIds()).toEqual([])
  expect(world.timers.nextAt).toBeNull()
})

import { expect, test } from 'vitest'
import type { Activity } from '../../server/core/activity.ts'
import { CrewError } from '../../server/core/errors.ts'
import { ActivityLog } from '../../server/services/activity.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'

const KEEP = 1000

async function makeLog() {
  const clock = simulatedClock()
  const opened = await openSqliteStorage({ path: ':memory:', clock })
  const state = { isAway: false, lost: 0, held: Promise.resolve() }
  const storage = wrapStorage(opened, {
    putRecord: async (...record) => {
      await state.held
      if (state.isAway) throw new CrewError('storage_unavailable', 'away')
      await opened.putRecord(...record)
    },
  })
  const onLoss = (count: number): void => {
    state.lost += count
  }
  const log = new ActivityLog({ storage, onLoss, keep: KEEP })
  let ids = 0
  const note = (action: string): void => log.note(makeActivity({ id: `id-${++ids}`, at: clock.now(), action }))
  const page = { page: 1, pageSize: 3 }
  const newest = async () => (await log.list({}, page)).activity.map(({ action }) => action)
  const count = async () => (await opened.listRecords('activity', { page: 1, pageSize: 1 })).count
  return { clock, log, note, newest, count, state }
}

const makeActivity = (fields: Partial<Activity>): Activity => ({
  id: 'id',
  at: 0,
  actor: 'dana',
  action: 'a',
  target: { kind: 'taskGroup', id: 'g' },
  summary: '',
  requestId: 'r',
  ...fields,
})

test('what was done in one millisecond is told in its order, newest first', async () => {
  const { clock, note, newest } = await makeLog()
  note('first')
  note('second')
  clock.advance(1)
  note('third')
  expect(await newest()).toEqual(['third', 'second', 'first'])
})

test('the newest are kept, and what is older goes', async () => {
  const { clock, log, note, newest, count } = await makeLog()
  for (let batch = 0; batch < 14; batch++) {
    for (let i = 0; i < 100; i++) note(`${batch}-${i}`)
    clock.advance(1)
    await log.flush()
  }
  expect(await count()).toBe(KEEP)
  expect(await newest()).toEqual(['13-99', '13-98', '13-97'])
})

test('what is done while others are being written is written as well', async () => {
  const { log, note, newest, state } = await makeLog()
  note('first')
  const { promise, resolve } = Promise.withResolvers<void>()
  state.held = promise
  const flushing = log.flush()
  await Promise.resolve()
  note('second')
  resolve()
  await flushing
  expect(await newest()).toEqual(['second', 'first'])
})

test('what a storage does not take waits for it, up to a thousand, and what is lost is told', async () => {
  const { log, note, newest, count, state } = await makeLog()
  state.isAway = true
  for (let i = 0; i < 1003; i++) note(`${i}`)
  await expect(log.flush()).rejects.toThrow('away')
  expect([state.lost, await count()]).toEqual([3, 0])
  state.isAway = false
  expect([await newest(), await count()]).toEqual([['1002', '1001', '1000'], 1000])
})

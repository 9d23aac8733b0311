import { afterEach, expect, test, vi } from 'vitest'
import { Database } from '../../storage/sqlite/database.ts'
import { Engine } from '../../storage/sqlite/engine.ts'
import type { Call, Reply } from '../../storage/sqlite/engine-calls.ts'
import { TaskTable } from '../../storage/sqlite/task-table.ts'
import { insertTask, putGroup } from '../support/changes.ts'
import { makeGroup, makeTask } from '../support/make.ts'

afterEach(() => vi.restoreAllMocks())

const openEngine = () => new Engine({ path: ':memory:', bootId: 'one', newToken: () => 'token' }, 0)
const put = (n: number): Call => ({ method: 'putRecord', args: [`a/${n}`, 'x', 0] })
const get: Call = { method: 'getRecord', args: ['a/1'] }

function fail(message: string) {
  return () => {
    throw new Error(message)
  }
}

const codeOf = (reply: Reply) => ('error' in reply ? (reply.error as { code?: string }).code : reply.value)

test('a full disk refuses a batch of writes after a few tries, and lets what is stored be read', () => {
  const engine = openEngine()
  const full = vi.spyOn(Database.prototype, 'transaction').mockImplementation(fail('database or disk is full'))
  const reload = vi.spyOn(TaskTable.prototype, 'reload')
  const calls = [...Array.from({ length: 64 }, (_, n) => put(n)), get]
  const replies = engine.runBatch(calls, 0).map(codeOf)
  expect(replies).toEqual([...Array.from({ length: 64 }, () => 'storage_full'), null])
  expect(reload.mock.calls.length).toBeLessThanOrEqual(4)
  full.mockRestore()
  expect(engine.runBatch([put(1), get], 0).map(codeOf)).toEqual([undefined, 'x'])
})

test('one write that finds no room keeps none from the others', () => {
  const engine = openEngine()
  const write = Database.prototype.transaction
  let refused = 2
  vi.spyOn(Database.prototype, 'transaction').mockImplementation(function (this: Database, ...args) {
    if (refused-- > 0) throw new Error('database or disk is full')
    return write.apply(this, args) as never
  })
  expect(engine.runBatch([put(1), put(2), get], 0).map(codeOf)).toEqual(['storage_full', undefined, null])
})

test('a task is claimed although the disk could not be read when the lanes were to be read again', () => {
  const engine = openEngine()
  const group = makeGroup({ id: 'g' })
  const changes = [putGroup(group), insertTask(makeTask({ id: 'a', groupId: 'g', runAfter: 0 }))]
  engine.runBatch([{ method: 'commit', args: [[{ guards: [], changes }]] }], 0)
  vi.spyOn(Database.prototype, 'transaction').mockImplementationOnce(fail('disk I/O error'))
  vi.spyOn(TaskTable.prototype, 'reload').mockImplementationOnce(fail('disk I/O error'))
  expect(engine.runBatch([put(1)], 0).map(codeOf)).toEqual(['storage_full'])
  const claim = { limit: 1, slots: [], slotsPerWorker: 1, maxLeasesPerWorker: 1, until: 1000 }
  const [reply] = engine.runBatch([{ method: 'claim', args: [claim] }], 0)
  expect(reply).toMatchObject({ value: { tasks: [{ task: { id: 'a' } }] } })
})

test('a disk that cannot be read is the fault of the disk', () => {
  const engine = openEngine()
  vi.spyOn(Database.prototype, 'reading').mockImplementation(fail('disk I/O error'))
  expect(engine.runBatch([get], 0).map(codeOf)).toEqual(['storage_full'])
})

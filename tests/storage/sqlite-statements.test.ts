import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Reader } from '../../storage/sqlite/reader.ts'

/** Counts what is prepared. */
class CountingDatabase extends DatabaseSync {
  prepared = 0

  override prepare(sql: string) {
    this.prepared++
    return super.prepare(sql)
  }
}

test('a statement is prepared once, and of ever new texts no more are kept than agreed', () => {
  const db = new CountingDatabase(':memory:')
  const reader = new Reader(db)
  const ask = (n: number) => expect(reader.get(`SELECT ${n} AS n`)).toEqual({ n })
  for (let again = 0; again < 3; again++) for (let n = 0; n < 100; n++) ask(n)
  expect(db.prepared).toBe(100)
  for (let n = 100; n < 1100; n++) ask(n)
  expect(db.prepared).toBe(1100)
  ask(0)
  expect(db.prepared).toBe(1101)
  reader.close()
})

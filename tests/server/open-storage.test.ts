import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStorage, StorageOpenError } from '../../storage/open-storage.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { makeFolder } from './crew-process.ts'

const open = (setting: string, dataDir: string | null = null) =>
  openStorage({ setting, dataDir, clock: simulatedClock(), bootId: 'boot' })

test('a file is durable', async () => {
  const folder = makeFolder()
  const storage = await open(`sqlite:${join(folder, 'a.db')}`, '/nowhere')
  expect(storage.durability).toMatchObject({ engine: 'sqlite', survives: 'power' })
  await storage.close()
})

test('a relative path starts in the data folder', async () => {
  const folder = makeFolder()
  const storage = await open('sqlite:a.db', folder)
  await storage.close()
  expect(existsSync(join(folder, 'a.db'))).toBe(true)
})

test('memory survives nothing', async () => {
  for (const setting of ['memory', 'sqlite::memory:']) {
    const storage = await open(setting, '/nowhere')
    expect(storage.durability).toMatchObject({ engine: 'sqlite', survives: 'none' })
    await storage.close()
  }
})

test('Redis is refused with what to do instead', async () => {
  for (const setting of ['redis://localhost:6379', 'rediss://localhost']) {
    await expect(open(setting)).rejects.toThrow(StorageOpenError)
    await expect(open(setting)).rejects.toThrow(
      'comes with a later version of Crew: set CREW_STORAGE to sqlite:PATH or memory.',
    )
  }
})

test('what is no storage is refused', async () => {
  await expect(open('postgres://x')).rejects.toThrow('"postgres" is no storage of Crew')
})

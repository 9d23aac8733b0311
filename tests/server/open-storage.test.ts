import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openStorage, StorageOpenError } from '../../storage/open-storage.ts'
import { startRedisServer } from '../support/redis-server.ts'
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

test('Redis is opened, and says what survives', async () => {
  const redis = await startRedisServer({ appendonly: 'always' })
  onTestFinished(() => redis.stop())
  const storage = await openStorage({ setting: redis.url, dataDir: null, clock: { now: Date.now }, bootId: 'boot' })
  expect(storage.durability).toMatchObject({ engine: 'redis', survives: 'power' })
  await storage.close()
})

test('a Redis that keeps nothing is refused with what to do', async () => {
  const redis = await startRedisServer({ appendonly: 'no' })
  onTestFinished(() => redis.stop())
  const options = { setting: redis.url, dataDir: null, clock: { now: Date.now }, bootId: 'boot' }
  await expect(openStorage(options)).rejects.toThrow(StorageOpenError)
  await expect(openStorage(options)).rejects.toThrow('CONFIG SET appendonly yes')
  const storage = await openStorage({ ...options, allowVolatileRedis: true })
  expect(storage.durability.survives).toBe('none')
  await storage.close()
})

test('what is no storage is refused', async () => {
  await expect(open('postgres://x')).rejects.toThrow('"postgres" is no storage of Crew')
})

import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectSound } from '../e2e/redis/checks.ts'
import type { Instance } from '../e2e/redis/fleet.ts'
import { type Storm, storm } from '../e2e/redis/storm.ts'
import { eventually } from '../e2e/support/waiting.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { limitFiles, NO_LIMITS } from './store/file-limit.ts'
import { isFull, withoutRefused } from './store/refused.ts'

const MIN_TASKS = 200
const MIN_REFUSED = 20

const optionsOf = (appendonly: 'everysec' | 'always') => ({ size: 2, redis: { appendonly }, everyMs: 40 })

test('a Redis without room for its file refuses new work, and all goes on by itself when there is room', async ({
  skip,
}) => {
  skip(NO_LIMITS !== '', NO_LIMITS)
  const aftermath = await storm('fill the disk', optionsOf('everysec'), async (it) => {
    const { fleet, load, progress, troubleOfRedis } = it
    troubleOfRedis()
    const pid = await fillDisk(fleet.redis)
    await eventually('new work is refused', () => load.creations.filter(isFull).length > MIN_REFUSED)
    await eventually('nothing new is begun', () => isQuiet(it))
    for (const { api } of fleet.instances) await expectReadOnly(api)
    limitFiles(pid, 'unlimited')
    for (const { api } of fleet.instances) await ready(api)
    await progress(50)
  })
  const { refused, aftermath: rest } = withoutRefused(aftermath)
  const { lost, tasks } = expectSound(rest)
  console.log(JSON.stringify({ refused }))
  expect(lost).toBe(0)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
})

test('a Redis that gives up without room loses nothing that was acknowledged, and servers wait for it', async ({
  skip,
}) => {
  skip(NO_LIMITS !== '', NO_LIMITS)
  const aftermath = await storm('fill the disk always', optionsOf('always'), async (it) => {
    const { fleet, progress, troubleOfRedis } = it
    troubleOfRedis()
    await fillDisk(fleet.redis)
    const isGone = () =>
      fleet.redis.command('PING').then(
        () => false,
        () => true,
      )
    await eventually('it gives up', isGone)
    for (const { api } of fleet.instances)
      await eventually('it is not ready', async () => (await api.call('GET', '/readyz')).status === 503)
    await fleet.redis.start()
    for (const { api } of fleet.instances) await ready(api)
    await progress(50)
  })
  const { lost, tasks } = expectSound(withoutRefused(aftermath).aftermath)
  expect(lost).toBe(0)
  expect(tasks).toBeGreaterThan(MIN_TASKS)
})

/** Room for a little more than there is now; answers which process has no more. */
async function fillDisk({ command, directory }: RedisServer): Promise<number> {
  const [, pid] = /process_id:(\d+)/.exec(String(await command('INFO', 'server'))) ?? []
  const files = await readdir(join(directory, 'appendonlydir'))
  const largest = Math.max(...files.map((name) => statSync(join(directory, 'appendonlydir', name)).size))
  limitFiles(Number(pid), largest + 5000)
  return Number(pid)
}

const isQuiet = ({ fleet }: Storm): boolean => {
  const newest = fleet.worker.deliveries.at(-1)?.firstByteAt ?? 0
  return performance.now() - newest > 1000
}

async function expectReadOnly(api: Instance['api']): Promise<void> {
  const { status, text } = await api.call('GET', '/readyz')
  expect([status, JSON.parse(text).detail.state]).toEqual([503, 'read-only'])
  expect((await api.call('GET', '/livez')).status).toBe(200)
  for (const path of ['/api/v1/task_groups', '/api/v1/workgroups', '/api/v1/workers', '/api/v1/schedules'])
    expect([path, (await api.call('GET', path)).status]).toEqual([path, 200])
}

const ready = (api: Instance['api']) =>
  eventually('it is ready again', async () => (await api.call('GET', '/readyz')).status === 200)

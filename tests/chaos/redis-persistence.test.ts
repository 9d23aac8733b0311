import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { faultsOfCreations } from '../../server/selftest/checks.ts'
import { Index } from '../../server/selftest/history.ts'
import { storm } from '../e2e/redis/storm.ts'
import { makeDir, runCrew } from '../e2e/support/crew.ts'
import { pass } from '../e2e/support/waiting.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { expectSoundAfter, type Rollback } from './store/rollback.ts'

const KILLS = 3
/** Redis puts a write off for this long while the disk still syncs the one before; the rest is for its clock, and ours. */
const EVERYSEC_MS = 2000 + 500
const MIN_TASKS = 200

test('a Redis that syncs each second and dies while its disk is busy loses two seconds at most, and nothing but that', async () => {
  const rollbacks: Rollback[] = []
  const options = { size: 2, redis: { appendonly: 'everysec' }, everyMs: 40 } as const
  const aftermath = await storm('kill Redis everysec', options, async ({ fleet, random, progress, troubleOfRedis }) => {
    pressDisk(fleet.redis.directory)
    for (let kill = 0; kill < KILLS; kill++) {
      await pass(random.between(300, 1200))
      troubleOfRedis()
      const from = performance.now() - EVERYSEC_MS
      await fleet.redis.kill()
      await fleet.redis.start()
      rollbacks.push({ from, until: performance.now() })
      await progress(50)
    }
  })
  expect(rollbacks).toHaveLength(KILLS)
  expect(expectSoundAfter(aftermath, rollbacks).tasks).toBeGreaterThan(MIN_TASKS)
})

/** Writes that wait for the disk, one after the other, beside the file that Redis syncs. */
function pressDisk(directory: string): void {
  const file = join(directory, 'pressure')
  const script = 'while :; do dd if=/dev/zero of="$1" bs=256k count=64 oflag=dsync conv=notrunc 2>/dev/null; done'
  const writer = spawn('/bin/sh', ['-c', script, 'sh', file], { detached: true, stdio: 'ignore' })
  // A group of its own, so that the dd of the moment ends as well.
  onTestFinished(() => void process.kill(-(writer.pid as number), 'SIGKILL'))
}

test('without an append-only file acknowledged work is lost, the checks see it, and Crew said so before', async () => {
  const snapshotsOnly = { appendonly: 'no', config: { save: '3600 1' } } as const
  await expectRefused(snapshotsOnly)
  let warning = ''
  const env = { CREW_ALLOW_VOLATILE_REDIS: '1', CREW_LOG_LEVEL: 'warn' }
  const aftermath = await storm(
    'kill Redis without AOF',
    { size: 1, redis: snapshotsOnly, everyMs: 40, env },
    async (it) => {
      warning = it.fleet.instances[0]?.stderr() ?? ''
      await it.progress(50)
      await it.fleet.redis.command('SAVE')
      await it.progress(100)
      it.troubleOfRedis()
      await it.fleet.redis.kill()
      await it.fleet.redis.start()
    },
  )
  const lost = faultsOfCreations(new Index(aftermath.history)).filter((fault) => fault.endsWith('and is lost'))
  console.log(JSON.stringify({ acknowledgedAndLost: lost.length }))
  expect(lost.length).toBeGreaterThan(10)
  expect(warning).toContain('Redis without AOF: everything since its last snapshot, if it makes any, is lost')
})

async function expectRefused(options: Parameters<typeof startRedisServer>[0]): Promise<void> {
  const redis = await startRedisServer({ isOwn: true, ...options })
  onTestFinished(() => redis.stop())
  const { code, stderr } = await runCrew({ dir: makeDir(), args: ['start'], env: { CREW_STORAGE: redis.url } })
  expect([code, stderr]).toEqual([2, expect.stringContaining('keeps no append-only file, so a crash of it loses')])
}

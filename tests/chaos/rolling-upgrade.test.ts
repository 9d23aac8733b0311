import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VERSION } from '../../server/version.ts'
import { expectSound } from '../e2e/redis/checks.ts'
import type { Instance } from '../e2e/redis/fleet.ts'
import { type Storm, storm } from '../e2e/redis/storm.ts'
import { CREW_PROGRAM, makeDir } from '../e2e/support/crew.ts'

const NEXT = '99.0.0'
const SIZE = 2
const MIN_POSTS = 100

test('servers are replaced by those of the next version, one after the other under load, and by the old ones again', async () => {
  const next = nextVersion()
  // Nobody dies here: a lease that ends because the machine stalled would be another fault than what this is about.
  const options = { size: SIZE, everyMs: 40, env: { CREW_LEASE_MS: '30000' } }
  const aftermath = await storm('rolling upgrade', options, async (under) => {
    const { fleet, progress } = under
    // Each of the two, so that for a while one of each version is at work; then back, as who finds the next one wanting does.
    for (const program of [next, next, CREW_PROGRAM, CREW_PROGRAM]) {
      await replaceOldest(under, program)
      await progress(MIN_POSTS)
    }
    expect(fleet.instances).toHaveLength(SIZE + 4)
  })
  const { lost, neverSent } = expectSound(aftermath)
  const byVersion = Map.groupBy(aftermath.history.deliveries, ({ headers }) => headers.get('user-agent') ?? '')
  console.log(JSON.stringify([...byVersion].map(([version, { length }]) => [version, length])))
  expect(aftermath.errors).toEqual([])
  // Who is told to stop finishes what it has begun.
  expect({ lost, neverSent }).toEqual({ lost: 0, neverSent: 0 })
  expect([...byVersion.keys()].toSorted()).toEqual([`crew/${VERSION}`, `crew/${NEXT}`].toSorted())
  for (const { length } of byVersion.values()) expect(length).toBeGreaterThan(MIN_POSTS)
})

/** Clients go to the new one from then on. */
async function replaceOldest({ fleet, trouble }: Storm, program: readonly string[]): Promise<void> {
  const oldest = fleet.instances.at(-SIZE) as Instance
  await fleet.start(program)
  trouble(oldest)
  oldest.term()
  expect(await oldest.ended).toBe(0)
}

const ROOT = join(import.meta.dirname, '../..')

/** The same sources, told to be a later version, as a program. */
function nextVersion(): readonly string[] {
  const folder = makeDir()
  for (const part of ['server', 'storage', 'demo-workers', 'sdk', 'tsconfig.json'])
    cpSync(join(ROOT, part), join(folder, part), {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, version: NEXT }))
  return [process.execPath, '--no-env-file', join(folder, 'server/main.ts')]
}

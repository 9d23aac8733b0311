import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runSelftest } from '../../server/selftest/selftest.ts'
import { CREW_PROGRAM, launch, makeDir, runCrew } from '../e2e/support/crew.ts'
import { eventually } from '../e2e/support/waiting.ts'

/** It ends by itself long before, but on a machine that is very busy. */
const NET_MS = 240_000

interface Told {
  readonly isSound: boolean
  readonly seed: number
  readonly faults: Readonly<Record<string, number>>
  readonly figures: { readonly tasks: number; readonly posts: number }
  readonly violations: readonly unknown[]
  readonly folder: string | null
}

test('crew selftest finds every promise kept by this program, and takes away what it made', async () => {
  const dir = makeDir()
  const args = ['selftest', '--chaos', '12s', '--seed', '5', '-o', 'json']
  // It needs no other program.
  const { code, stdout, stderr } = await runCrew({ dir, args, env: { TMPDIR: dir, PATH: '/nonexistent' } })
  const told = JSON.parse(stdout) as Told
  console.log(JSON.stringify({ faults: told.faults, figures: told.figures }))
  expect(told).toMatchObject({ isSound: true, seed: 5, violations: [], folder: null })
  expect([code, stderr]).toEqual([0, 'crew: seed 5\n'])
  expect(told.figures.tasks).toBeGreaterThan(50)
  expect(told.figures.posts).toBeGreaterThan(50)
  expect(Object.values(told.faults).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(2)
  expect(readdirSync(dir)).toEqual([])
})

test('a server that keeps its tasks in memory does not pass: what it acknowledged is lost when it is killed', async () => {
  const dir = makeDir()
  const program = join(dir, 'forgetful')
  const words = CREW_PROGRAM.map((word) => `'${word}'`).join(' ')
  writeFileSync(program, `#!/bin/sh\nCREW_STORAGE=memory exec ${words} "$@"\n`, { mode: 0o755 })
  // With this seed the first fault is a kill, after a second of work.
  const own = makeDir()
  const { violations, faults, folder } = await runSelftest({
    ...{
      folder: own,
      program: [program],
      chaosMs: 8000,
      seed: 44,
      signal: AbortSignal.timeout(NET_MS),
      onProgress: () => {},
    },
  })
  console.log(JSON.stringify({ faults, violations: violations.length }))
  expect(violations).toContainEqual({
    check: 'acknowledged',
    text: expect.stringContaining('was acknowledged and is lost'),
  })
  expect(violations).toContainEqual({ check: 'store', text: expect.any(String) })
  expect(folder).toBe(own)
  expect(readdirSync(own)).toContain('server.log')
})

test('a program that does not start is told with what it said', async () => {
  const own = makeDir()
  const program = ['/bin/sh', '-c', 'echo broken beyond repair >&2']
  const signal = AbortSignal.timeout(NET_MS)
  const result = await runSelftest({ folder: own, program, chaosMs: 5000, seed: 1, signal, onProgress: () => {} })
  expect(result.violations).toEqual([{ check: 'run', text: expect.stringContaining('broken beyond repair') }])
  expect(result.folder).toBe(own)
})

test('Ctrl-C ends crew selftest, its server too', async () => {
  const dir = makeDir()
  const selftest = launch({ dir, args: ['selftest', '--chaos', '10m'], env: { TMPDIR: dir } })
  const started = await eventually('its server runs', () => startedBy(selftest.pid))
  process.kill(selftest.pid, 'SIGINT')
  expect(await selftest.ended).toBe(130)
  expect(selftest.stdout()).toBe('')
  expect(readdirSync(dir)).toEqual([])
  await eventually('its server is gone', () => started.every((pid) => !isThere(pid)))
})

/** The server, and the shell that would end it; null before there are both. */
function startedBy(parent: number): number[] | null {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pids = lines.map((line) => line.trim().split(/\s+/).map(Number))
  const started = pids.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []))
  return started.length < 2 ? null : started
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

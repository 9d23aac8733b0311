import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withCopy } from '../../storage/sqlite/backup-file.ts'
import { writeWhole } from '../../storage/sqlite/whole-file.ts'
import { eventually, makeFolder } from './crew-process.ts'

/** A process that copies half a store and waits. */
async function startHalfWay(folder: string) {
  const fixture = join(import.meta.dirname, 'half-way.fixture.ts')
  const child = spawn(process.execPath, [fixture, join(folder, 'backup')], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)))
  return { child, ended }
}

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)('a backup that %s ends half-way leaves nothing behind', async (signal, code) => {
  const folder = makeFolder()
  const { child, ended } = await startHalfWay(folder)
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.crew-copy-/)])
  child.kill('SIGUSR2')
  await eventually(async () => readdirSync(folder).includes('backup.partial-wal'))
  child.kill(signal)
  expect(await ended).toBe(code)
  expect(readdirSync(folder)).toEqual([])
})

test('what a killed one left beside its file is not taken for a part of the next', async () => {
  const folder = makeFolder()
  for (const suffix of ['', '-wal', '-journal']) writeFileSync(join(folder, `backup.partial${suffix}`), 'half')
  await writeWhole(join(folder, 'backup'), () => expect(readdirSync(folder)).toEqual(['backup.partial']))
  expect(readdirSync(folder)).toEqual(['backup'])
})

test('a copy that nobody has touched for a day goes with the next one, and none that is in use', async () => {
  const folder = makeFolder()
  const yesterday = Date.now() / 1000 - 25 * 3600
  for (const name of ['.crew-copy-old', '.crew-copy-used']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'crew.db'), 'all')
    if (name.endsWith('old')) utimesSync(join(folder, name, 'crew.db'), yesterday, yesterday)
    utimesSync(join(folder, name), yesterday, yesterday)
  }
  const copy = (to: string) => writeFileSync(to, 'all')
  await withCopy(copy, join(folder, 'backup'), async () => expect(readdirSync(folder)).toHaveLength(2))
  expect(readdirSync(folder)).toEqual(['.crew-copy-used'])
})

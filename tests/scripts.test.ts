import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const scripts = join(import.meta.dirname, '../scripts')

/** What a server does: it says that it is there, and on a signal says which and ends. A failed test leaves none for long. */
const SERVER = `
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {
    console.log('got ' + signal)
    setTimeout(() => process.exit(0), 100)
  })
  console.log('server ' + process.pid)
  setTimeout(() => process.exit(9), 60_000)`

let folder: string
let launchers: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crew-scripts-'))
  launchers = []
})

afterEach(() => {
  for (const each of launchers) each.kill('SIGTERM')
  rmSync(folder, { recursive: true })
})

describe('a command run in the foreground', () => {
  test('passes its exit code on', async () => {
    const launcher = launch('process.exit(7)')
    expect(await launcher.exitCode).toBe(7)
  })

  test('that dies of a signal answers as a shell would', async () => {
    const launcher = launch(`process.kill(process.pid, 'SIGKILL')`)
    expect(await launcher.exitCode).toBe(137)
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'gets the %s of its launcher and is waited for',
    async (signal) => {
      const launcher = launch(SERVER)
      await launcher.output(/server \d+/)
      launcher.process.kill(signal)
      expect(await launcher.exitCode).toBe(0)
      expect(await launcher.output(/got \w+/)).toEqual([`got ${signal}`])
    },
  )

  test('gets one Ctrl-C although the terminal and npm both send it', async () => {
    const launcher = launch(SERVER)
    await launcher.output(/server \d+/)
    launcher.process.kill('SIGINT')
    await launcher.output(/got \w+/)
    launcher.process.kill('SIGINT')
    await launcher.exitCode
    expect(await launcher.output(/got \w+/)).toEqual(['got SIGINT'])
  })

  test('is stopped when what started its launcher goes away', async () => {
    const { grandparent, server } = await launchBelow()
    grandparent.kill('SIGKILL')
    expect(await server.output(/got \w+/)).toEqual(['got SIGTERM'])
  })

  test('stops by itself when its launcher is killed', async () => {
    const launcher = launch(SERVER)
    await launcher.output(/server \d+/)
    launcher.process.kill('SIGKILL')
    expect(await launcher.output(/got \w+/)).toEqual(['got SIGTERM'])
  })
})

function launch(program: string) {
  const launcher = spawn(process.execPath, [writeLauncher(program)], { stdio: ['ignore', 'pipe', 'inherit'] })
  launchers.push(launcher)
  const exitCode = once(launcher, 'exit').then(([code]) => code as number | null)
  return { process: launcher, exitCode, output: collect(launcher) }
}

/** A launcher below another process, as npm is one: the test can take that away without touching the launcher. */
async function launchBelow() {
  const between = join(folder, 'between.mjs')
  const start = `spawn(${JSON.stringify(process.execPath)}, [${JSON.stringify(writeLauncher(SERVER))}], { stdio: 'inherit' })`
  writeFileSync(between, `import { spawn } from 'node:child_process'\n${start}`)
  const grandparent = spawn(process.execPath, [between], { stdio: ['ignore', 'pipe', 'inherit'] })
  launchers.push(grandparent)
  const server = { output: collect(grandparent) }
  await server.output(/server \d+/)
  return { grandparent, server }
}

function writeLauncher(program: string): string {
  writeFileSync(join(folder, 'program.mjs'), program)
  const args = ['--preload', join(scripts, 'stop-with-parent.ts'), join(folder, 'program.mjs')]
  const launcher = join(folder, 'launcher.mjs')
  writeFileSync(
    launcher,
    `import { runInForeground } from ${JSON.stringify(join(scripts, 'run-in-foreground.mjs'))}
     process.exit((await runInForeground(process.execPath, ${JSON.stringify(args)}, { sameSignalMs: 10_000 })).code)`,
  )
  return launcher
}

/** Answers every match in what was printed so far, as soon as there is one. */
function collect(child: ChildProcess) {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return async (pattern: RegExp): Promise<string[]> => {
    while (!pattern.test(text)) await once(child.stdout as NodeJS.ReadableStream, 'data')
    return text.match(new RegExp(pattern, 'g')) ?? []
  }
}

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findPython } from '../support/python-program.ts'
import { CREW_PROGRAM, eventually, makeFolder, runCrew, startCrew } from './crew-process.ts'

test('dev needs no login, keeps nothing, runs the demo workers, and says what to do next', async () => {
  const folder = makeFolder()
  const crew = await startCrew({ folder, command: 'dev', env: { CREW_AUTH_PASSWORD: 'hunter2' } })
  const curl = /A task +curl -s (\S+) -H 'Content-Type: application\/json' -d '(.*)'$/m.exec(crew.stderr()) ?? []
  const made = await fetch(curl[1] ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: curl[2] ?? '',
  })
  expect(made.status).toBe(200)
  const { id } = (await made.json()) as { id: string }
  await eventually(async () => {
    const group = (await (await fetch(`${crew.url}/api/v1/task_group/${id}`)).json()) as { state: string }
    return group.state === 'succeeded'
  })
  expect(crew.stderr()).toMatch(/Next +\S.* demo.* --url /)
  expect(crew.stderr()).not.toContain('hunter2')
  expect(crew.stdout()).toMatch(/INFO.*started/)
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
  expect(existsSync(join(folder, 'crew.db'))).toBe(false)
})

test('dev keeps tasks in a file that is named', async () => {
  const folder = makeFolder()
  const crew = await startCrew({ folder, command: 'dev', args: ['--db', 'mine.db'] })
  expect(existsSync(join(folder, 'mine.db'))).toBe(true)
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
})

test('for programs dev is one line of JSON', async () => {
  const crew = await startCrew({ folder: makeFolder(), command: 'dev', args: ['--json'], says: /"msg":"started"/ })
  const told = await eventually(async () => crew.stdout().endsWith('\n') && crew.stdout())
  expect(told.trimEnd().split('\n')).toHaveLength(1)
  const { url, ui } = JSON.parse(told) as { url: string; ui: string }
  expect(ui).toBe(`${url}/`)
  expect((await fetch(`${url}/api/v1/task_groups`)).status).toBe(200)
})

test.each([
  [
    ['--host', '0.0.0.0'],
    'HOST is "0.0.0.0": crew dev has no login and only listens on this machine; add --host 127.0.0.1, or take crew start.',
  ],
  [['--storage', 'sqlite:x.db'], '--storage means nothing to crew dev: add --db FILE, or take crew start --demo.'],
  [['--db='], '--db names no file: write --db dev.db.'],
  [['--no-oepn'], '--no-oepn is no flag of this command (did you mean --no-open?): see --help.'],
])('dev %j is refused', async (args, sentence) => {
  const { code, stderr } = await runCrew({ folder: makeFolder(), args: ['dev', ...args] })
  expect({ code, stderr }).toEqual({ code: 2, stderr: `crew: ${sentence}\n` })
})

/** Runs it on a terminal, where a browser may be opened, with an opener of ours on the PATH. */
function onTerminal(args: readonly string[], env: Record<string, string> = {}) {
  const folder = makeFolder()
  const opened = join(folder, 'opened')
  for (const name of ['xdg-open', 'open']) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "$@" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const script = 'import pty, sys; pty.spawn(sys.argv[1:])'
  const child = spawn(findPython(), ['-c', script, ...CREW_PROGRAM, 'dev', '--port', '0', ...args], {
    cwd: folder,
    env: { PATH: `${folder}${delimiter}${process.env.PATH}`, DISPLAY: ':0', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  onTestFinished(() => void child.kill('SIGTERM'))
  const url = () => eventually(async () => /listens at (http:\S+)/.exec(output)?.[1])
  return { url, output: () => output, opened: () => (existsSync(opened) ? readFileSync(opened, 'utf8').trim() : '') }
}

test('on a terminal dev opens the web UI', async () => {
  const dev = onTerminal([])
  const url = await dev.url()
  expect(await eventually(async () => dev.opened())).toBe(`${url}/`)
})

test('with --no-open, and in CI, dev opens nothing', async () => {
  for (const dev of [onTerminal(['--no-open']), onTerminal([], { CI: 'true' })]) {
    await fetch(`${await dev.url()}/healthz`)
    expect(dev.opened()).toBe('')
  }
})

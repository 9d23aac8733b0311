import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder, runCrew, startCrew } from './crew-process.ts'

interface Finding {
  readonly name: string
  readonly status: string
  readonly message: string
}

async function doctor(world: { folder?: string; args?: readonly string[]; env?: Record<string, string> } = {}) {
  const { folder = makeFolder(), args = ['--port', '0'], env = {} } = world
  const { code, stdout } = await runCrew({ folder, args: ['doctor', '-o', 'json', ...args], env })
  const told = JSON.parse(stdout) as { isWell: boolean; findings: Finding[] }
  const of = (name: string) =>
    told.findings.filter((each) => each.name === name).map(({ status, message }) => `${status}: ${message}`)
  return { code, stdout, isWell: told.isWell, of }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('where all is well each check is a line, and the exit code is 0', async () => {
  const { code, stdout, stderr } = await runCrew({ folder: makeFolder(), args: ['doctor', '--port', '0'] })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(/^(ok|warn) +[a-z]/)
  const names = [
    'settings',
    'signatures',
    'event loop',
    'port',
    'certificate',
    'storage',
    'disk',
    'clock',
    'open files',
    'public url',
  ]
  for (const name of [...names, 'workers']) expect(stdout).toMatch(new RegExp(`^(ok|warn) +${name} `, 'm'))
})

test('settings that cannot be used are told one by one, without secrets', async () => {
  const env = { CREW_AUTH_TOKEN: 'hunter2', PORT: 'x', CREW_HOTS: 'y' }
  const { code, stdout, of } = await doctor({ args: [], env })
  expect(code).toBe(1)
  expect(of('settings')).toEqual([
    'fail: PORT is "x": expected a whole number from 0 to 65535.',
    expect.stringContaining('fail: CREW_AUTH_TOKEN holds a value that cannot be used'),
    'warn: CREW_HOTS is no setting and is not read (did you mean HOST?).',
  ])
  expect(of('signatures')).toEqual(["ok: the published example's signature is made"])
  expect(of('storage')).toEqual([])
  expect(stdout).not.toContain('hunter2')
})

test('a server that runs is found, with its storage', async () => {
  const folder = makeFolder()
  const env = { CREW_AUTH_TOKEN: 'token-of-the-test', CREW_AUTH_PASSWORD: 'hunter2', CREW_EGRESS_ALLOW: '127.0.0.0/8' }
  const crew = await startCrew({ folder, env })
  const args = ['--port', new URL(crew.url).port]
  const worker = await listen(createHttpServer((_request, response) => response.writeHead(404).end()))
  const closed = await fetch(`${crew.url}/api/v1/worker/here`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${env.CREW_AUTH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `http://127.0.0.1:${worker}/secret-path` }),
  })
  expect(closed.status).toBe(200)
  const { code, stdout, of } = await doctor({ folder, args, env: { ...env, CREW_PUBLIC_URL: crew.url } })
  expect([code, of('port'), of('storage')]).toEqual([
    0,
    [expect.stringMatching(/^ok: Crew \S+ listens at http:/)],
    [expect.stringMatching(/^ok: crew\.db is in use by the running server, which can write it/)],
  ])
  expect(of('clock')[0]).toContain('agrees to 5 s')
  expect(of('public url')).toEqual([`ok: ${crew.url}/ leads to a Crew`])
  expect(of('workers')).toEqual([`ok: here at http://127.0.0.1:${worker}: answers (404)`])
  expect(stdout).not.toMatch(/hunter2|token-of-the-test|secret-path/)
  const other = await doctor({ folder, args, env: { ...env, CREW_AUTH_TOKEN: 'another-token' } })
  expect(other.of('workers')).toEqual([
    expect.stringContaining('warn: which workers there are was not read: set CREW_AUTH_TOKEN'),
  ])
  const elsewhere = await doctor({ folder })
  expect([elsewhere.code, elsewhere.of('storage')]).toEqual([
    1,
    [expect.stringContaining('fail: crew.db is in use, and no Crew answers')],
  ])
  crew.kill('SIGTERM')
  expect(await crew.ended).toBe(0)
  const after = await doctor({ folder })
  expect(after.of('storage')).toEqual([expect.stringContaining('ok: crew.db, schema ')])
  expect(after.of('workers')).toEqual([
    `fail: here at http://127.0.0.1:${worker}: is a private address, which is not called: name its range in CREW_EGRESS_ALLOW`,
  ])
})

test('a port that something else has is told', async () => {
  const port = await listen(createServer((socket) => socket.end('no HTTP\r\n')))
  const { code, of } = await doctor({ args: ['--port', String(port)] })
  expect([code, of('port')]).toEqual([
    1,
    [expect.stringContaining(`fail: port ${port} of 127.0.0.1 is in use, and no Crew answers there`)],
  ])
})

test('a storage that cannot be had is told, with what to do', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'text.db'), 'x'.repeat(10_000))
  const newer = new DatabaseSync(join(folder, 'newer.db'))
  newer.exec('CREATE TABLE record (key TEXT, value TEXT); PRAGMA user_version = 99')
  newer.close()
  const storage = async (setting: string) =>
    (await doctor({ folder, args: ['--port', '0', '--storage', setting] })).of('storage')
  expect([
    await storage('sqlite:nowhere/crew.db'),
    await storage('sqlite:text.db'),
    await storage('sqlite:newer.db'),
    await storage('memory'),
    await storage('redis://:hunter2@127.0.0.1:1'),
  ]).toEqual([
    [expect.stringContaining('fail: the folder nowhere of nowhere/crew.db is missing')],
    [expect.stringContaining('fail: text.db cannot be read as a store of Crew')],
    [expect.stringContaining('fail: newer.db was written by a newer Crew (schema 99')],
    ['warn: in memory: all is gone when the server stops'],
    [expect.stringMatching(/^fail: (?!.*hunter2).*cannot be reached .*ECONNREFUSED/)],
  ])
})

test('workers that cannot be reached are told, with what to do', async () => {
  const port = await listen(createServer())
  const gone = createServer()
  const closedPort = await listen(gone)
  gone.close()
  const workers = async (url: string) =>
    (await doctor({ args: ['--port', '0', '--worker-base-url', url] })).of('workers')
  expect([await workers(`http://127.0.0.1:${closedPort}/`), await workers('http://crew-test.invalid/x')]).toEqual([
    [expect.stringContaining(`fail: base URL at http://127.0.0.1:${closedPort}: nothing listens there (ECONNREFUSED)`)],
    [expect.stringMatching(/^fail: base URL at http:\/\/crew-test\.invalid: the name has no address/)],
  ])
  // It takes connections and never answers: the doctor does not wait.
  expect(await workers(`http://127.0.0.1:${port}/`)).toEqual([expect.stringMatching(/^fail: .*no answer in/)])
})

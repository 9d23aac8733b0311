import { readdirSync, writeFileSync } from 'node:fs'
import { connect as connectPlainly } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { certificateCheck } from '../../server/cli/doctor/certificate-check.ts'
import { runChecks } from '../../server/cli/doctor/check.ts'
import { readCertificate } from '../../server/tls-files.ts'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY, TEST_CERTIFICATE, TEST_KEY } from '../support/test-certificate.ts'
import { makeFolder, runCrew, startCrew } from './crew-process.ts'

/** A folder with the files of a certificate. */
function makeFiles({ cert = LOCALHOST_CERTIFICATE, key = LOCALHOST_KEY } = {}): string {
  const folder = makeFolder()
  writeFileSync(join(folder, 'tls.pem'), cert)
  writeFileSync(join(folder, 'tls.key'), key)
  return folder
}

const env = {
  CREW_TLS_CERT: 'tls.pem',
  CREW_TLS_KEY: 'tls.key',
  CREW_STORAGE: 'memory',
  CREW_AUTH_PASSWORD: 'a password',
}

/** Trusts the certificate of the tests, as an organisation its own. */
const trusting = { tls: { ca: LOCALHOST_CERTIFICATE } } as RequestInit

async function startTls() {
  const crew = await startCrew({ folder: makeFiles(), env })
  return { crew, url: crew.url.replace('127.0.0.1', 'localhost'), port: Number(new URL(crew.url).port) }
}

/** The version that was agreed upon; the code of the alert where none was. */
function handshake(port: number, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const versions = { minVersion: version, maxVersion: version }
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', servername: 'localhost', ca: LOCALHOST_CERTIFICATE, ...versions }
    const socket = connect(options, () => {
      resolve(socket.getProtocol() ?? '')
      socket.destroy()
    })
    socket.once('error', ({ message }) => resolve(message))
  })
}

test('with a certificate Crew speaks HTTPS: browsers are told to stay there, and cookies go nowhere else', async () => {
  const { crew, url } = await startTls()
  expect(crew.url).toMatch(/^https:/)
  const login = await fetch(`${url}/login`, {
    ...trusting,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'a password' }),
  })
  expect(login.headers.get('set-cookie')).toMatch(/^crew_session=[^;]+; .*HttpOnly; SameSite=Lax; Secure$/)
  expect(login.headers.get('strict-transport-security')).toBe('max-age=31536000')
  const { token } = (await login.json()) as { token: string }
  const socket = new WebSocket(`${url.replace('https', 'wss')}/api/v1/live`, {
    ...trusting,
    headers: { authorization: `Bearer ${token}` },
  } as never)
  const first = await new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)))
    socket.onerror = reject
  })
  socket.close()
  expect(first).toMatchObject({ seq: expect.anything() })
})

test('TLS is 1.2 or newer, and plain HTTP is not answered', async () => {
  const { port } = await startTls()
  expect(await handshake(port, 'TLSv1.1')).toMatch(/PROTOCOL_VERSION/i)
  expect([await handshake(port, 'TLSv1.2'), await handshake(port, 'TLSv1.3')]).toEqual(['TLSv1.2', 'TLSv1.3'])
  const plain = await new Promise<string>((resolve) => {
    let heard = ''
    const socket = connectPlainly(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'))
    socket.on('data', (data) => (heard += data))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => resolve(heard))
  })
  expect(plain).not.toContain('Healthy')
})

test('a body that trickles behind an answer that did not wait for it keeps no connection open', async () => {
  const { port } = await startTls()
  const heard = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: LOCALHOST_CERTIFICATE }, () => {
      socket.write(
        'POST /api/v1/task_groups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      )
    })
    socket.on('data', (data) => (text += data))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  expect(heard).toMatch(/^HTTP\/1\.1 401 /)
})

test('crew health and crew doctor find a server that speaks HTTPS', async () => {
  const { port } = await startTls()
  const world = { folder: makeFiles(), env: { ...env, PORT: String(port) } }
  expect(await runCrew({ ...world, args: ['health'] })).toMatchObject({ code: 0, stdout: 'Healthy!\n' })
  const { stdout } = await runCrew({ ...world, args: ['doctor'] })
  expect(stdout).toContain(`listens at https://127.0.0.1:${port}`)
  expect(stdout).toMatch(/^ok +certificate +CN=localhost, until 2036-11-19$/m)
})

test('half of a certificate is one sentence at the start, exit code 2, and leaves no store behind', async () => {
  const world = { folder: makeFiles(), env: { ...env, CREW_STORAGE: 'sqlite:crew.db', CREW_TLS_KEY: '' } }
  const { code, stderr } = await runCrew({ ...world, args: ['start', '--port', '0'] })
  expect([code, stderr]).toEqual([
    2,
    'crew: CREW_TLS_CERT is set and CREW_TLS_KEY is not: HTTPS needs both, a certificate and its key.\n',
  ])
  expect(readdirSync(world.folder).toSorted()).toEqual(['tls.key', 'tls.pem'])
})

test.each([
  ['2036-11-01T00:00:00Z', 'ok', 'CN=localhost, until 2036-11-19'],
  ['2036-11-10T00:00:00Z', 'warn', 'CN=localhost ends on 2036-11-19: renew it, and start the server again'],
  ['2036-11-20T00:00:00Z', 'fail', 'CN=localhost ended on 2036-11-19: renew it, and start the server again'],
  ['2026-11-21T00:00:00Z', 'fail', expect.stringContaining('is good from 2026-11-22T15:09:37.000Z on')],
])('on %s crew doctor says of the certificate: %s', async (now, status, message) => {
  const folder = makeFiles()
  const settings = { tlsCert: join(folder, 'tls.pem'), tlsKey: join(folder, 'tls.key') }
  const [found] = await runChecks([certificateCheck(settings, Date.parse(now))])
  expect(found).toEqual({ name: 'certificate', status, message })
})

describe('a certificate is refused that', () => {
  test.each([
    ['is not there', { path: 'none.pem' }, 'none.pem": the file cannot be read (ENOENT)'],
    ['is none', { cert: 'text' }, 'tls.pem": it holds no certificate in the form of PEM'],
    ['has no key', { key: LOCALHOST_CERTIFICATE }, 'tls.key": it holds no private key without a password'],
    ['has the key of another', { key: TEST_KEY }, 'its key is not that of the first certificate'],
    ['is of another key', { cert: TEST_CERTIFICATE }, 'its key is not that of the first certificate'],
  ] as const)('%s', (_name, given: { path?: string; cert?: string; key?: string }, sentence) => {
    const { path = 'tls.pem', ...files } = given
    const folder = makeFiles(files)
    const read = () => readCertificate({ tlsCert: join(folder, path), tlsKey: join(folder, 'tls.key') })
    expect(read).toThrow(sentence)
    expect(read).not.toThrow('BEGIN')
  })
})

import { expect, test } from 'vitest'
import { VERSION } from '../../server/version.ts'
import { makeFolder, runCrew, startCrew } from './crew-process.ts'

const run = (...args: string[]) => runCrew({ folder: makeFolder(), args })

test('the version is told', async () => {
  expect(await run('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
})

test('a name that looks like a setting is warned of', async () => {
  const { stderr } = await runCrew({ folder: makeFolder(), args: ['health', '--port', '1'], env: { CREW_HOTS: 'x' } })
  expect(stderr).toBe('crew: warning: CREW_HOTS is no setting and is not read (did you mean HOST?).\n')
})

test('health tells by its exit code whether the server answers', async () => {
  const crew = await startCrew({ folder: makeFolder(), args: ['--storage', 'memory', '--host', '0.0.0.0'] })
  const env = { PORT: new URL(crew.url).port, HOST: '0.0.0.0' }
  const ask = () => runCrew({ folder: makeFolder(), args: ['health'], env })
  expect(await ask()).toEqual({ code: 0, stdout: 'Healthy!\n', stderr: '' })
  crew.kill('SIGTERM')
  await crew.ended
  expect(await ask()).toEqual({
    code: 1,
    stdout: `http://127.0.0.1:${env.PORT}/healthz does not answer: is the server running, and are HOST and PORT the same as its?\n`,
    stderr: '',
  })
})

test('the example that the server prints runs to its end', async () => {
  const crew = await startCrew({ folder: makeFolder(), args: ['--demo', '--storage', 'memory'] })
  const example = /Example +(?:npm run demo --|\S+ demo) (.*)/.exec(crew.stderr())?.[1] ?? ''
  const { code, stdout } = await run('demo', 'diamond', ...example.split(' '))
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('100 %') })
})

test('the example takes the token of the environment, and a password that is given wins over it', async () => {
  const env = { CREW_AUTH_TOKEN: 'token-of-the-test', CREW_STORAGE: 'memory' }
  const crew = await startCrew({ folder: makeFolder(), env })
  const demo = (...args: string[]) => runCrew({ folder: makeFolder(), args: ['demo', '--url', crew.url, ...args], env })
  expect((await demo()).stdout).toContain('The server knows no address for worker campaign/plan')
  expect((await demo('--password', 'wrong')).stdout).toContain('does not know this user name and password')
  expect((await demo('--token', 'other-token')).stdout).toContain('does not accept this token')
})

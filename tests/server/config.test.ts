import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder, runCrew } from './crew-process.ts'

interface World {
  readonly args?: readonly string[]
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
}

function config({ args = [], env = {}, files = {} }: World = {}) {
  const folder = makeFolder()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return runCrew({ folder, args: ['config', ...args], env })
}

test('config tells each setting, where it comes from and how it is spelt', async () => {
  const { code, stdout, stderr } = await config({
    args: ['--port', '9000'],
    env: { CREW_AUTH_TOKEN: 'hunter2-hunter2' },
    files: { '.env': 'CREW_LOG_LEVEL=warn', 'crew.toml': 'max_in_flight = 7' },
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^port +9000 +flag +PORT +--port$/m)
  expect(stdout).toMatch(/^auth_token +\*\*\* +environment +CREW_AUTH_TOKEN +--auth-token$/m)
  expect(stdout).toMatch(/^max_in_flight +7 +crew\.toml /m)
  expect(stdout).toMatch(/^log_level +warn +\.env /m)
  expect(stdout).toMatch(/^lease_ms +30000 +default /m)
  expect(stdout).not.toContain('hunter2')
})

test('config of what cannot be used tells every fault and exits with 1', async () => {
  const { code, stdout } = await config({
    args: ['--port', 'x', '-o', 'json'],
    env: { CREW_AUTH_TOKEN: 'hunter2', CREW_SECRET_SHOP: 'hunter2', CREW_HOTS: '1' },
    files: { 'crew.toml': 'prot = 1' },
  })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    faults: [
      'prot in crew.toml is no setting (did you mean port?).',
      '--port is "x": expected a whole number from 0 to 65535.',
      expect.stringContaining('CREW_AUTH_TOKEN holds a value that cannot be used'),
      expect.stringContaining('CREW_SECRET_SHOP holds a value that cannot be used'),
    ],
    warnings: ['CREW_HOTS is no setting and is not read (did you mean HOST?).'],
  })
  expect(stdout).not.toContain('hunter2')
})

test('an output that there is none of is refused', async () => {
  expect(await config({ args: ['-o', 'jsn'] })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'crew: -o is "jsn" (did you mean json?): expected table or json.\n',
  })
})

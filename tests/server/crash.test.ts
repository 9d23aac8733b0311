import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test.each([
  ['rejection', 'a promise nobody waits for'],
  ['exception', 'thrown in a timer'],
])('after an unhandled %s the process logs it and ends with 1', (kind, message) => {
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'crash.fixture.ts'), kind])
  expect(status).toBe(1)
  expect(JSON.parse(stdout.toString())).toMatchObject({ level: 'fatal', err: { message } })
})

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from '../../server/logger.ts'

function makeLog(options: { level?: 'info' | 'debug'; isTty?: boolean } = {}) {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  return { lines, logger: createLogger({ level: 'info', isTty: false, ...options, destination }) }
}

test('a line is JSON with a readable time and level', () => {
  const { logger, lines } = makeLog()
  logger.info({ taskId: 'a' }, 'started')
  logger.debug({}, 'not shown')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), taskId: 'a', msg: 'started' },
  ])
})

test('an error is logged with its message and stack', () => {
  const { logger, lines } = makeLog()
  logger.error({ err: new Error('broken') }, 'failed')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'error',
    err: { message: 'broken', stack: expect.any(String) },
  })
})

test('what is secret does not reach the log', () => {
  const { logger, lines } = makeLog()
  const headers = { authorization: 'Bearer hunter2', cookie: 'hunter2' }
  logger.info(
    { password: 'hunter2', settings: { token: 'hunter2' }, authorization: 'hunter2', request: { headers } },
    'x',
  )
  expect(lines.join()).not.toContain('hunter2')
  expect(lines.join()).toContain('***')
})

test('on a terminal lines are for reading', () => {
  const { logger, lines } = makeLog({ isTty: true })
  logger.info({ taskId: 'a' }, 'started')
  expect(lines.join()).toContain('started')
  expect(lines.join()).not.toContain('{"level"')
})

const HOSTILE = 'a\n{"level":"fatal","msg":"gone"}\r\u001b[2J\u0085\u009b2J\u2028\u2029\u202e\u200f\u{e0001}\0"\\'

test('whatever stands in a field, a line stays one line of plain characters, and says it to who reads JSON', () => {
  const { logger, lines } = makeLog()
  logger.info({ worker: HOSTILE, err: new Error(HOSTILE) }, 'x')
  const text = lines.join('')
  expect(text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  expect(JSON.parse(text)).toMatchObject({ level: 'info', worker: HOSTILE, err: { message: HOSTILE } })
})

test('on a terminal a field moves no cursor and begins no line', () => {
  const { logger, lines } = makeLog({ isTty: true })
  logger.info({ worker: HOSTILE }, 'x')
  const text = lines.join('').trimEnd()
  expect(text).not.toContain('\u001b[2J')
  expect(text.split('\n')).toHaveLength(1)
})

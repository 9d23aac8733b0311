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

import { ReplyError } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { CrewError } from '../../../server/core/errors.ts'
import { asRedisError, isUnknownScript } from '../../../storage/redis/redis-errors.ts'

const codeOf = (error: unknown): string | null => (error instanceof CrewError ? error.code : null)
const ofText = (text: string) => codeOf(asRedisError(new Error(text)))

const full = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  "OOM command not allowed when used memory > 'maxmemory'. script: 1b93, on @user_script:1.",
  "OOM allow-oom flag is not set on the script,  can not run it when used memory > 'maxmemory'",
  'MISCONF Errors writing to the AOF file: No space left on device',
  'MISCONF Errors writing to the AOF file: File too large script: 1b93, on @user_script:1.',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk. Commands that may ' +
    'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
    'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.',
  'NOSPACE the disk is full',
]

const away = [
  'LOADING Redis is loading the dataset in memory',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  "READONLY You can't write against a read only replica.",
  "READONLY You can't write against a read only replica. script: 1b93, on @user_script:1.",
  'CLUSTERDOWN The cluster is down',
  'CLUSTERDOWN Hash slot not served',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'NOREPLICAS Not enough good replicas to write.',
  'MOVED 3999 127.0.0.1:6381',
  'ASK 3999 127.0.0.1:6381',
  'Too many Cluster redirections. Last error: ReplyError: MOVED 3999 127.0.0.1:6381',
  'MISCONF something else is not as it should be',
  'NOAUTH Authentication required.',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'ERR max number of clients reached',
  'ERR Error running script: Script killed by user with SCRIPT KILL.',
  'UNKILLABLE Sorry the script already executed write commands against the dataset.',
  'Command timed out',
  'Command aborted due to connection close',
  'Connection is closed.',
  'Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  "Cluster isn't ready and enableOfflineQueue options is false",
  'Cluster is ended.',
  'Cluster is disconnected.',
  'Cluster is disconnecting.',
  'Failed to refresh slots cache.',
  'None of startup nodes is available',
  "Socket timeout. Expecting data, but didn't receive any in 4000ms.",
  'Connection is aborted',
]

const codes = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...[
    'ENOTFOUND',
    'EAI_AGAIN',
    'EMFILE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
]

const faults = [
  "ERR wrong number of arguments for 'get' command",
  'ERR user_script:12: attempt to index a nil value script: 1b93, on @user_script:12.',
  'WRONGTYPE Operation against a key holding the wrong kind of value',
  'CROSSSLOT Keys in request do not hash to the same slot',
  "NOPERM this user has no permissions to run the 'flushall' command",
  'Unexpected end of JSON input',
  'a task named OOM',
  'the LOADING of something',
]

describe('what Redis says', () => {
  test.each(full)('storage_full: %s', (text) => expect(ofText(text)).toBe('storage_full'))
  test.each(away)('storage_unavailable: %s', (text) => expect(ofText(text)).toBe('storage_unavailable'))
  test.each(codes)('storage_unavailable by its code: %s', (code) => {
    expect(codeOf(asRedisError(Object.assign(new Error('connect'), { code })))).toBe('storage_unavailable')
  })
  test.each(faults)('a fault: %s', (text) => expect(ofText(text)).toBe(null))
})

test('the sentence says what to do, on one line', () => {
  expect((asRedisError(new Error(full[0])) as Error).message).toBe(
    "Redis takes no more (OOM command not allowed when used memory > 'maxmemory'): make room, it goes on by itself.",
  )
  expect((asRedisError(new Error('LOADING Redis is loading\nthe dataset')) as Error).message).toBe(
    'Redis does not answer (LOADING Redis is loading): try again in a moment.',
  )
})

test('a fault does not carry the arguments of its command', () => {
  const fault = new ReplyError("ERR unknown command 'x', with args beginning with: 'secret' 'input' ")
  Object.assign(fault, { command: { name: 'x', args: ['secret', 'input'] } })
  const told = asRedisError(fault) as Error
  expect(told.message).toBe("ERR unknown command 'x'")
  expect(JSON.stringify([told, told.stack, Object.entries(told)])).not.toContain('secret')
})

test('what is no error of Redis stays what it is', () => {
  const crewError = new CrewError('conflict', 'READONLY')
  expect(asRedisError(crewError)).toBe(crewError)
  expect(asRedisError('text')).toBe('text')
  const bug = new TypeError('x is not a function')
  expect(asRedisError(bug)).toBe(bug)
})

test('a script that Redis does not know is told apart', () => {
  expect(isUnknownScript(new Error('NOSCRIPT No matching script. Please use EVAL.'))).toBe(true)
  expect(isUnknownScript(new Error('ERR user_script:1: NOSCRIPT'))).toBe(false)
})

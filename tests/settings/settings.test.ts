import { describe, expect, test } from 'vitest'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS } from '../../server/settings/settings-table.ts'
import { EXAMPLES } from './examples.ts'
import { read, refusalOf } from './make-input.ts'

const SECRETS = SETTING_KEYS.filter((key) => SETTINGS[key].isSecret)

test('without anything set every setting has its default', () => {
  expect(read()).toEqual(Object.fromEntries(SETTING_KEYS.map((key) => [key, EXAMPLES[key].standard])))
})

test('the names are those of the wire', () => {
  expect(SETTING_KEYS.map((key) => namesOf(key).env)).toEqual([
    'PORT',
    'HOST',
    'CREW_TLS_CERT',
    'CREW_TLS_KEY',
    'CREW_MAX_CONNECTIONS',
    'CREW_MAX_CONNECTIONS_PER_ADDRESS',
    'CREW_PUBLIC_URL',
    'CREW_BASE_PATH',
    'CREW_TRUSTED_PROXIES',
    'CREW_STORAGE',
    'CREW_DATA_DIR',
    'CREW_WORKER_BASE_URL',
    'CREW_WORKER_AUTHORIZATION_HEADER',
    'CREW_WORKER_SIGNING_SECRET',
    'CREW_SECRET_KEY',
    'CREW_SECRET_KEY_OLD',
    'CREW_EGRESS_ALLOW',
    'CREW_AUTH',
    'CREW_AUTH_USERNAME',
    'CREW_AUTH_PASSWORD',
    'CREW_AUTH_TOKEN',
    'CREW_API_RATE_LIMIT',
    'CREW_API_RATE_BURST',
    'CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS',
    'CREW_MAX_BODY_BYTES',
    'CREW_MAX_RESPONSE_BYTES',
    'CREW_MAX_IN_FLIGHT',
    'CREW_MAX_IN_FLIGHT_PER_WORKER',
    'CREW_LEASE_MS',
    'CREW_CLEAN_EXPIRED_GROUPS',
    'CREW_EXPIRED_GROUP_INTERVAL_IN_DAYS',
    'CREW_EXPIRED_FAILED_GROUP_INTERVAL_IN_DAYS',
    'CREW_CLEAN_ABOVE_BYTES',
    'CREW_LOG_LEVEL',
    'REDIS_ADDRESS',
    'REDIS_PASSWORD',
    'CREW_ALLOW_VOLATILE_REDIS',
  ])
  expect(namesOf('workerBaseUrl')).toEqual({
    flag: '--worker-base-url',
    env: 'CREW_WORKER_BASE_URL',
    toml: 'worker_base_url',
  })
})

describe.each(SETTING_KEYS)('%s', (key) => {
  const { flag, env, toml } = namesOf(key)
  const { text, value, bad, allowed } = EXAMPLES[key]
  const inToml = (written: string) => ({ files: { 'crew.toml': `${toml} = ${JSON.stringify(written)}` } })

  test('is read as a flag', () => expect(read({ flags: { [flag]: text } })[key]).toEqual(value))

  test('is read from the environment', () => expect(read({ env: { [env]: text } })[key]).toEqual(value))

  test('is read from crew.toml', () => expect(read(inToml(text))[key]).toEqual(value))

  test('is read from .env', () => expect(read({ files: { '.env': `${env}='${text}'` } })[key]).toEqual(value))

  test.each(bad)('is refused when it is %j', (written) => {
    const shown = SETTINGS[key].isSecret ? 'holds a value that cannot be used' : 'is "'
    for (const [name, world] of [
      [flag, { flags: { [flag]: written } }],
      [env, { env: { [env]: written } }],
      [`${toml} in crew.toml`, inToml(written)],
    ] as const) {
      const refusal = refusalOf(world)
      expect(refusal).toContain(`SettingError: ${name} ${shown}`)
      expect(refusal).toContain(`: expected ${allowed}.`)
    }
  })
})

test('an empty value in the environment or in .env is no value', () => {
  const env = Object.fromEntries(SETTING_KEYS.map((key) => [namesOf(key).env, '']))
  const dotenv = SETTING_KEYS.map((key) => `${namesOf(key).env}=`).join('\n')
  expect(read({ env, files: { '.env': dotenv } })).toEqual(read())
})

test('an empty flag is a mistake, as of a variable that is not set', () => {
  expect(refusalOf({ flags: { '--storage': '' } })).toBe(
    'SettingError: --storage is "": expected sqlite:PATH, redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or memory.',
  )
})

test('consent is given by true or 1, and by the flag alone', () => {
  const consentOf = (text: string) => read({ env: { CREW_ALLOW_VOLATILE_REDIS: text } }).allowVolatileRedis
  expect(['true', '1', 'false', '0'].map(consentOf)).toEqual([true, true, false, false])
  expect(read({ files: { 'crew.toml': 'allow_volatile_redis = 1' } }).allowVolatileRedis).toBe(true)
})

test.each(['redis://a', 'rediss://:p@a:1/2', 'redis+cluster://a:1,b', 'rediss+cluster://a'])(
  '%s is an address of a storage',
  (text) => expect(read({ env: { CREW_STORAGE: text } }).storage).toBe(text),
)

test('numbers and truth are written bare in crew.toml', () => {
  const files = { 'crew.toml': 'port = 9_000\nclean_expired_groups = true\nexpired_group_interval_in_days = 0.5' }
  expect(read({ files })).toMatchObject({ port: 9000, cleanExpiredGroups: true, expiredGroupIntervalInDays: 0.5 })
})

test.each(SECRETS)('%s is read from a file', (key) => {
  const { text, value } = EXAMPLES[key]
  const { flag, env, toml } = fileNamesOf(key)
  const files = { '/run/secret': `${text}\n` }
  expect(read({ flags: { [flag]: '/run/secret' }, files })[key]).toEqual(value)
  expect(read({ env: { [env]: '/run/secret' }, files })[key]).toEqual(value)
  expect(read({ files: { ...files, 'crew.toml': `${toml} = "/run/secret"` } })[key]).toEqual(value)
})

test('only one line break at the end of a secret file is dropped', () => {
  const file = (text: string) => read({ env: { CREW_AUTH_PASSWORD_FILE: 'p' }, files: { p: text } }).authPassword
  expect([file('secret'), file('secret\n'), file('secret\r\n'), file(' secret \n\n')]).toEqual([
    'secret',
    'secret',
    'secret',
    ' secret \n',
  ])
})

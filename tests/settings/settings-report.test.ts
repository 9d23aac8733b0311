import { expect, test } from 'vitest'
import { reportSettings } from '../../server/settings/settings-report.ts'
import { namesOf, SETTING_KEYS, SETTINGS, type SettingKey } from '../../server/settings/settings-table.ts'
import { EXAMPLES } from './examples.ts'
import { makeInput, refusalOf, type World } from './make-input.ts'

const report = (world: World) => reportSettings(makeInput(world))

function settingOf(key: SettingKey, world: World) {
  const found = report(world).settings.find((setting) => setting.key === key)
  return { value: found?.value, source: found?.source, name: found?.name }
}

test('every setting is told with its value, its source and its spellings', () => {
  const { settings, faults } = report({})
  expect(faults).toEqual([])
  expect(settings).toEqual(
    SETTING_KEYS.map((key) => ({
      key,
      value: SETTINGS[key].fallback,
      source: 'default',
      name: null,
      isSecret: SETTINGS[key].isSecret,
      names: namesOf(key),
    })),
  )
})

test('the source is the place that won', () => {
  const world = { flags: {}, env: {}, files: { 'crew.toml': 'port = 3', '.env': 'PORT=4' } }
  expect(settingOf('port', { ...world, flags: { '--port': '1' }, env: { PORT: '2' } })).toEqual({
    value: '1',
    source: 'flag',
    name: '--port',
  })
  expect(settingOf('port', { ...world, env: { PORT: '2' } })).toEqual({
    value: '2',
    source: 'environment',
    name: 'PORT',
  })
  expect(settingOf('port', world)).toEqual({ value: '3', source: 'crew.toml', name: 'port in crew.toml' })
  expect(settingOf('port', { files: { '.env': 'PORT=4' } })).toEqual({
    value: '4',
    source: '.env',
    name: 'PORT in .env',
  })
})

test('a secret is masked wherever it stands, and of a file its name is told', () => {
  const files = { '/run/token': 'hunter2-hunter2\n', '.env': 'CREW_SECRET_SHOP=hunter2-hunter2' }
  const env = { CREW_AUTH_TOKEN_FILE: '/run/token', CREW_AUTH_PASSWORD: 'hunter2', CREW_SECRET_KEY: '' }
  const told = report({ env, files, flags: { '--redis-password': 'hunter2' } })
  expect(JSON.stringify(told)).not.toContain('hunter2')
  expect(settingOf('authToken', { env, files })).toEqual({ value: '***', source: 'file', name: 'CREW_AUTH_TOKEN_FILE' })
  expect(settingOf('authPassword', { env, files })).toMatchObject({ value: '***', source: 'environment' })
  expect(settingOf('secretKey', { env, files })).toMatchObject({ value: null, source: 'default' })
  expect(told.secrets).toEqual([{ name: 'SHOP', variable: 'CREW_SECRET_SHOP', source: '.env' }])
})

test.each(SETTING_KEYS.filter((key) => SETTINGS[key].isSecret))('%s is masked', (key) => {
  const { text } = EXAMPLES[key]
  expect(settingOf(key, { env: { [namesOf(key).env]: text } }).value).toBe('***')
})

test('an address is told without its password, whatever signs that is of', () => {
  for (const password of ['hunter2', 'hun/ter2', 'hun@ter2', 'hunter2:']) {
    const env = { CREW_STORAGE: `redis://user:${password}@redis.example:6379/1` }
    expect(settingOf('storage', { env }).value).toBe('redis://***@redis.example:6379/1')
  }
  const refusal = refusalOf({ env: { CREW_WORKER_BASE_URL: 'https://user:hun/ter2@workers.example/' } })
  expect(refusal).not.toContain('ter2')
})

test('a Redis that is named by its address alone is the source of the storage', () => {
  expect(settingOf('storage', { env: { REDIS_ADDRESS: 'redis:6379' } })).toEqual({
    value: 'redis://redis:6379',
    source: 'environment',
    name: 'CREW_STORAGE (by REDIS_ADDRESS)',
  })
})

test('everything that is wrong is told, not the first alone', () => {
  const { faults, settings, warnings } = report({
    flags: { '--port': '80x' },
    env: { CREW_AUTH: 'off', HOST: '0.0.0.0', CREW_SECRET_A: 'short', CREW_MAX_INFLIGHT: '5' },
    files: {
      'crew.toml': 'prot = 1\nlease_ms = [1]\nmax_in_flight = "many"',
      '.env': 'CREW_LOG_LEVL=info',
    },
  })
  expect(faults).toEqual([
    'prot in crew.toml is no setting (did you mean port?).',
    'lease_ms in crew.toml is a table, a list or a date: expected text, a number, true or false.',
    '--port is "80x": expected a whole number from 0 to 65535.',
    'max_in_flight in crew.toml is "many": expected a whole number from 1 to 10000.',
    'CREW_AUTH is "off" and HOST is "0.0.0.0": without a login Crew only listens on this machine; set HOST to 127.0.0.1, or CREW_AUTH to on.',
    'CREW_SECRET_A holds a value that cannot be used: expected 8 or more characters of printable ASCII on one line.',
  ])
  expect(settings.filter(({ source }) => source === 'unusable').map(({ key }) => key)).toEqual(['port', 'maxInFlight'])
  expect(warnings).toEqual([
    'CREW_MAX_INFLIGHT is no setting and is not read (did you mean CREW_MAX_IN_FLIGHT?).',
    'CREW_LOG_LEVL in .env is no setting and is not read (did you mean CREW_LOG_LEVEL?).',
  ])
})

test('a crew.toml that cannot be read leaves the other places', () => {
  const { faults, settings } = report({ env: { PORT: '1' }, files: { 'crew.toml': 'port = = 2' } })
  expect(faults).toEqual([expect.stringContaining('crew.toml is no TOML at line 1')])
  expect(settings[0]).toMatchObject({ value: '1', source: 'environment' })
})

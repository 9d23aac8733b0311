import { expect, test } from 'vitest'
import { nearestWord } from '../../server/core/nearest-word.ts'
import { misspelledNames } from '../../server/settings/misspelled-names.ts'
import { makeInput, read, refusalOf } from './make-input.ts'

test('without a login only this machine is listened to', () => {
  for (const host of ['127.0.0.1', '127.8.0.1', '::1', 'localhost']) {
    expect(read({ env: { CREW_AUTH: 'off', HOST: host } }).host).toBe(host)
  }
  for (const host of ['0.0.0.0', '::', '192.168.0.7', 'crew.example', '127.example']) {
    expect(refusalOf({ env: { CREW_AUTH: 'off', HOST: host } })).toBe(
      `SettingError: CREW_AUTH is "off" and HOST is "${host}": without a login Crew only listens on this machine; set HOST to 127.0.0.1, or CREW_AUTH to on.`,
    )
  }
})

test('a key of crew.toml that is no setting is refused with the one that was meant', () => {
  const refused = (toml: string) => refusalOf({ files: { 'crew.toml': toml } })
  expect(refused('prot = 80')).toBe('SettingError: prot in crew.toml is no setting (did you mean port?).')
  expect(refused('CREW_MAX_IN_FLIGHT = 5')).toContain('(did you mean max_in_flight?)')
  expect(refused('colour = "red"')).toBe('SettingError: colour in crew.toml is no setting.')
  expect(refused('port_file = "x"')).toContain('port_file in crew.toml is no setting')
})

test('a crew.toml that is no TOML is refused with the place, without showing the line', () => {
  const refusal = refusalOf({ files: { 'crew.toml': 'port = 1\nauth_token = "hunter2-hunter2' } })
  expect(refusal).toMatch(/^SettingError: crew\.toml is no TOML at line 2, column \d+: .*\.$/)
  expect(refusal).not.toContain('hunter2')
})

test('a table where a value belongs is refused', () => {
  const expected = 'is a table, a list or a date: expected text, a number, true or false.'
  expect(refusalOf({ files: { 'crew.toml': '[auth]\ntoken = "x"' } })).toBe(
    `SettingError: auth in crew.toml ${expected}`,
  )
  expect(refusalOf({ files: { 'crew.toml': 'port = [1]' } })).toBe(`SettingError: port in crew.toml ${expected}`)
})

test('a secret is never shown', () => {
  const secret = 'hunter2 hunter2 hunter2'
  expect(refusalOf({ env: { CREW_AUTH_TOKEN: secret } })).not.toContain('hunter2')
  expect(refusalOf({ env: { CREW_AUTH_TOKEN_FILE: 'f' }, files: { f: secret } })).toBe(
    'SettingError: CREW_AUTH_TOKEN_FILE holds a value that cannot be used: expected 8 to 1024 printable ASCII characters without spaces.',
  )
})

test('a password within an address is not shown', () => {
  expect(refusalOf({ env: { CREW_WORKER_BASE_URL: 'https://user:hunter2@workers.example/' } })).toContain(
    'CREW_WORKER_BASE_URL is "https://***@workers.example/"',
  )
  expect(refusalOf({ env: { CREW_STORAGE: 'redis://:hunter2@a b' } })).not.toContain('hunter2')
})

test('a long or many-lined value is shown shortened, on one line', () => {
  const refusal = refusalOf({ env: { PORT: `1\n${'2'.repeat(500)}` } })
  expect(refusal).not.toContain('\n')
  expect(refusal.length).toBeLessThan(250)
})

test('a secret file that is missing or empty is refused', () => {
  const env = { CREW_AUTH_PASSWORD_FILE: '/run/secret' }
  expect(refusalOf({ env })).toBe('SettingError: CREW_AUTH_PASSWORD_FILE is "/run/secret": there is no such file.')
  expect(refusalOf({ env, files: { '/run/secret': '\n' } })).toBe(
    'SettingError: CREW_AUTH_PASSWORD_FILE is "/run/secret": the file is empty.',
  )
})

test('a name in the environment that looks like a setting is told, others are left alone', () => {
  const env = {
    CREW_MAX_INFLIGHT: '5',
    CREW_SERVICE_HOST: '10.0.0.1',
    CREW_AUTH_TOKEN_FIEL: 'x',
    PATH: '/bin',
    PROT: '1',
  }
  expect(misspelledNames(makeInput({ env }))).toEqual([
    'CREW_MAX_INFLIGHT is no setting and is not read (did you mean CREW_MAX_IN_FLIGHT?).',
    'CREW_AUTH_TOKEN_FIEL is no setting and is not read (did you mean CREW_AUTH_TOKEN_FILE?).',
  ])
  expect(misspelledNames(makeInput({ env: { CREW_MAX_IN_FLIGHT: '5', CREW_AUTH_TOKEN_FILE: 'x' } }))).toEqual([])
})

test('the nearest word allows for one slip in three letters, swapped neighbours being one', () => {
  const words = ['--port', '--host', '--max-in-flight']
  expect(
    ['--prot', '--hots', '--maxInFlight', '--max-inflight', '--xyz', '--'].map((word) => nearestWord(word, words)),
  ).toEqual(['--port', '--host', '--max-in-flight', '--max-in-flight', null, null])
})

import { expect, test } from 'vitest'
import { misspelledNames } from '../../server/settings/misspelled-names.ts'
import { readSecrets } from '../../server/settings/read-secrets.ts'
import { makeInput, type World } from './make-input.ts'

const read = (world: World) => Object.fromEntries(readSecrets(makeInput(world)))

function refusalOf(world: World): string {
  try {
    read(world)
  } catch (error) {
    return (error as Error).message
  }
  return 'not refused'
}

test('secrets come from the environment, from files it names, and from .env', () => {
  const env = {
    CREW_SECRET_STRIPE: 'Bearer sk-1',
    CREW_SECRET_SHOP_2_FILE: '/run/shop',
    CREW_SECRET_BOTH: 'from env',
    PATH: '/bin',
  }
  const files = { '/run/shop': 'from a file\n', '.env': 'CREW_SECRET_BOTH=dotenv..\nCREW_SECRET_DEV=dev.....' }
  expect(read({ env, files })).toEqual({
    STRIPE: 'Bearer sk-1',
    SHOP_2: 'from a file',
    BOTH: 'from env',
    DEV: 'dev.....',
  })
})

test('one that is empty is not set', () => expect(read({ env: { CREW_SECRET_A: '' } })).toEqual({}))

test.each([
  [
    { CREW_SECRET_A: 'a\r\nx: b' },
    'CREW_SECRET_A holds a value that cannot be used: expected 8 or more characters of printable ASCII on one line.',
  ],
  [
    { CREW_SECRET_A: 'seven..' },
    'CREW_SECRET_A holds a value that cannot be used: expected 8 or more characters of printable ASCII on one line.',
  ],
  [
    { CREW_SECRET_A: 'üüüüüüüü' },
    'CREW_SECRET_A holds a value that cannot be used: expected 8 or more characters of printable ASCII on one line.',
  ],
  [{ CREW_SECRET_a: 'x' }, 'CREW_SECRET_a names no secret: expected A-Z 0-9 _ behind it.'],
  [{ CREW_SECRET_: 'x' }, 'CREW_SECRET_ names no secret: expected A-Z 0-9 _ behind it.'],
  [{ CREW_SECRET_A_FILE: '/none' }, 'CREW_SECRET_A_FILE is "/none": there is no such file.'],
  [
    { CREW_SECRET_A: 'x'.repeat(8), CREW_SECRET_A_FILE: '/a' },
    'Both CREW_SECRET_A and the _FILE of it are set: keep one.',
  ],
])('%j is refused, and no value is repeated', (env, message) => {
  expect(refusalOf({ env: env as unknown as Record<string, string>, files: { '/a': 'a' } })).toBe(message)
})

test('the keys that stored secrets are encrypted with are no secrets that a worker may get', () => {
  const env = { CREW_SECRET_KEY: 'k'.repeat(44), CREW_SECRET_KEY_OLD_FILE: '/none', CREW_SECRET_KEY_2: 'a secret' }
  expect(read({ env, files: { '.env': 'CREW_SECRET_KEY_OLD=abcdefgh' } })).toEqual({ KEY_2: 'a secret' })
})

test('a secret is no misspelled setting', () => {
  expect(misspelledNames(makeInput({ env: { CREW_SECRET_AUTH_TOKEN: 'x', CREW_SECRET_LEASE_MS: 'x' } }))).toEqual([])
})

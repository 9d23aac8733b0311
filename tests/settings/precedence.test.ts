import { expect, test } from 'vitest'
import { read, refusalOf } from './make-input.ts'

const files = { 'crew.toml': 'port = 3', '.env': 'PORT=4' }

test('a flag wins over the environment, that over crew.toml, that over .env, that over the default', () => {
  expect([
    read({ flags: { '--port': '1' }, env: { PORT: '2' }, files }).port,
    read({ env: { PORT: '2' }, files }).port,
    read({ files }).port,
    read({ files: { '.env': 'PORT=4' } }).port,
    read().port,
  ]).toEqual([1, 2, 3, 4, 8090])
})

test('a bad value that is overruled does no harm', () => {
  expect(read({ flags: { '--port': '1' }, env: { PORT: 'x' } }).port).toBe(1)
})

test('a secret of a stronger place wins over the file of a weaker one', () => {
  const env = { CREW_AUTH_TOKEN_FILE: 'token' }
  expect(read({ flags: { '--auth-token': 'by-the-flag' }, env, files: { token: 'by-the-file' } }).authToken).toBe(
    'by-the-flag',
  )
})

test('a secret and its file in one place are refused', () => {
  const env = { CREW_AUTH_TOKEN: 'token-one', CREW_AUTH_TOKEN_FILE: 'token' }
  expect(refusalOf({ env })).toBe(
    'SettingError: Both CREW_AUTH_TOKEN and CREW_AUTH_TOKEN_FILE are set: keep one of them.',
  )
})

test('the address of a Redis chooses the storage, unless that is set', () => {
  const env = { REDIS_ADDRESS: 'redis:6379' }
  expect(read({ env }).storage).toBe('redis://redis:6379')
  expect(read({ env, files: { 'crew.toml': 'storage = "memory"' } }).storage).toBe('memory')
})

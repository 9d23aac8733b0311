import { describe, expect, test } from 'vitest'
import { describeRedis, parseRedisUrl, type RedisAddress } from '../../../storage/redis/redis-url.ts'
import { StorageOpenError } from '../../../storage/storage-open-error.ts'

const plain: RedisAddress = {
  kind: 'single',
  nodes: [{ host: 'localhost', port: 6379 }],
  username: null,
  password: null,
  db: 0,
  isTls: false,
}
const cluster = { ...plain, kind: 'cluster' } as const

const understood: readonly (readonly [string, RedisAddress])[] = [
  ['redis://localhost', plain],
  ['redis://localhost/', plain],
  ['redis://localhost:6379/0', plain],
  ['redis://localhost:1/15', { ...plain, nodes: [{ host: 'localhost', port: 1 }], db: 15 }],
  ['redis://10.0.0.7:65535', { ...plain, nodes: [{ host: '10.0.0.7', port: 65_535 }] }],
  ['redis://my_redis.internal', { ...plain, nodes: [{ host: 'my_redis.internal', port: 6379 }] }],
  ['redis://[::1]', { ...plain, nodes: [{ host: '::1', port: 6379 }] }],
  ['redis://[fd00::7]:7000/2', { ...plain, nodes: [{ host: 'fd00::7', port: 7000 }], db: 2 }],
  ['rediss://localhost', { ...plain, isTls: true }],
  ['redis://:secret@localhost', { ...plain, password: 'secret' }],
  ['redis://crew:secret@localhost', { ...plain, username: 'crew', password: 'secret' }],
  ['redis://crew@localhost', { ...plain, username: 'crew' }],
  ['redis://:a%40b%3Ac%2F%25@localhost', { ...plain, password: 'a@b:c/%' }],
  ['redis://:a@b:c/d?e#f@localhost', { ...plain, password: 'a@b:c/d?e#f' }],
  ['redis://:%C3%BC@localhost', { ...plain, password: 'ü' }],
  ['redis+cluster://localhost', cluster],
  [
    'redis+cluster://a:7000,[::1]:7001,b',
    {
      ...cluster,
      nodes: [
        { host: 'a', port: 7000 },
        { host: '::1', port: 7001 },
        { host: 'b', port: 6379 },
      ],
    },
  ],
  ['redis+cluster://crew:secret@localhost/0', { ...cluster, username: 'crew', password: 'secret' }],
  ['rediss+cluster://localhost', { ...cluster, isTls: true }],
]

test.each(understood)('%s is understood', (text, address) => {
  expect(parseRedisUrl({ text })).toEqual(address)
})

const form = 'expected redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]'
const refused: readonly (readonly [string, string])[] = [
  ['redis:localhost', form],
  ['http://localhost', form],
  ['redis+sentinel://localhost', form],
  ['redis://', 'expected a host, such as redis://localhost:6379.'],
  ['redis://:6379', '":6379" is no host'],
  ['redis:///1', 'expected a host'],
  ['redis+cluster://a,,b', 'expected a host'],
  ['redis+cluster://a,', 'expected a host'],
  ['redis://a b', '"a b" is no host'],
  ['redis://::1', 'expected an IPv6 address in brackets, such as [::1]:6379.'],
  ['redis://fd00::7:6379', 'expected an IPv6 address in brackets'],
  ['redis://[::1', '"[::1" is no host'],
  ['redis://localhost:', '"" is no port, expected 1 to 65535.'],
  ['redis://localhost:0', '"0" is no port'],
  ['redis://localhost:65536', '"65536" is no port'],
  ['redis://localhost:http', '"http" is no port'],
  ['redis://localhost:6379:1', '"6379:1" is no port'],
  ['redis://localhost/one', '"one" is no database, expected its number, such as /0.'],
  ['redis://localhost/-1', '"-1" is no database'],
  ['redis://localhost/1/2', '"1/2" is no database'],
  ['redis://localhost?db=1', 'options behind a ? or # are not understood, leave them out.'],
  ['redis://localhost/1#a', 'options behind a ? or # are not understood'],
  ['redis://a,b', 'several hosts are a Redis Cluster, write redis+cluster://.'],
  ['redis+cluster://a,b/1', 'a Redis Cluster has database 0 only, leave the number out.'],
  ['redis://:100%@localhost', 'a % in the user or password stands for itself only when written %25.'],
]

describe('what is refused', () => {
  test.each(refused)('%s', (text, sentence) => {
    expect(() => parseRedisUrl({ text })).toThrow(StorageOpenError)
    expect(() => parseRedisUrl({ text })).toThrow(sentence)
    expect(() => parseRedisUrl({ text })).toThrow('CREW_STORAGE (or REDIS_ADDRESS) is "')
  })

  test.each(refused)('%s, and no password is shown', (text) => {
    const withPassword = text.replace('://', '://crew:hunter2@')
    try {
      parseRedisUrl({ text: withPassword })
    } catch (error) {
      expect(String(error)).not.toContain('hunter2')
      expect(String(error)).not.toContain('crew:')
    }
  })
})

test('the password of REDIS_PASSWORD is taken where the address has none', () => {
  expect(parseRedisUrl({ text: 'redis://localhost', password: 'a b%' }).password).toBe('a b%')
  expect(parseRedisUrl({ text: 'redis://:own@localhost', password: 'other' }).password).toBe('own')
})

test('a description names everything but who logs in', () => {
  const describe = (text: string) => describeRedis(parseRedisUrl({ text }))
  expect(describe('redis://crew:hunter2@localhost')).toBe('Redis at localhost:6379')
  expect(describe('rediss://:hunter2@[::1]:7000/2')).toBe('Redis at [::1]:7000, database 2, over TLS')
  expect(describe('redis+cluster://:hunter2@a,b:7001')).toBe('Redis Cluster at a:6379, b:7001')
})

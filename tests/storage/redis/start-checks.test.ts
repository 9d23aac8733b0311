import { describe, expect, test } from 'vitest'
import { parseInfo } from '../../../storage/redis/open-redis.ts'
import { REDIS_SCHEMA_VERSION, refusalOf } from '../../../storage/redis/schema-record.ts'
import { checkServer, combineVerdicts, type ServerFacts, type StartRules } from '../../../storage/redis/start-checks.ts'
import { StorageOpenError } from '../../../storage/storage-open-error.ts'

const NOW = Date.UTC(2026, 0, 1)

interface Told {
  readonly info?: Record<string, string | undefined>
  readonly config?: Record<string, string> | null
  readonly rules?: Partial<StartRules>
  readonly storeAt?: number
}

/** A Redis as it should be, but for what a test says. */
function judge({ info = {}, config = {}, rules = {}, storeAt = NOW }: Told) {
  const good = {
    redis_version: '7.0.15',
    role: 'master',
    cluster_enabled: '0',
    aof_enabled: '1',
    maxmemory_policy: 'noeviction',
  }
  const fields = Object.entries<string | undefined>({ ...good, ...info })
  const facts: ServerFacts = {
    node: 'redis:6379',
    info: new Map(fields.filter((field): field is [string, string] => field[1] !== undefined)),
    config: config && new Map(Object.entries({ appendfsync: 'everysec', 'maxmemory-policy': 'noeviction', ...config })),
    storeAt,
    askedAt: NOW - 20,
    answeredAt: NOW + 20,
  }
  return checkServer(facts, { kind: 'single', isVolatileAllowed: false, ...rules })
}

function refusal(told: Told): string {
  try {
    judge(told)
  } catch (error) {
    if (error instanceof StorageOpenError) return error.message
    throw error
  }
  return 'not refused'
}

describe('versions', () => {
  const old = 'Crew needs Redis 7.0 or newer, or Valkey 7.2 or newer.'
  test.each([
    [{ redis_version: '7.0.0' }, 'not refused'],
    [{ redis_version: '7.4.2' }, 'not refused'],
    [{ redis_version: '8.2' }, 'not refused'],
    [{ redis_version: '10.0.1' }, 'not refused'],
    [{ redis_version: '7.2.4', valkey_version: '7.2.5' }, 'not refused'],
    [{ redis_version: '7.2.4', valkey_version: '9.0.0' }, 'not refused'],
    [{ redis_version: '6.2.14' }, `Redis at redis:6379 is Redis 6.2.14: ${old}`],
    [{ redis_version: '7.2.4', valkey_version: '7.1.9' }, `Redis at redis:6379 is Valkey 7.1.9: ${old}`],
    [{ redis_version: undefined }, `Redis at redis:6379 is Redis unknown: ${old}`],
  ])('%j: %s', (info, sentence) => {
    expect(refusal({ info })).toBe(sentence)
  })
})

test('a node of a Cluster is not used alone, and one server not as a Cluster', () => {
  expect(refusal({ info: { cluster_enabled: '1' } })).toBe(
    'Redis at redis:6379 is a node of a Redis Cluster: write redis+cluster://redis:6379 in CREW_STORAGE.',
  )
  expect(refusal({ rules: { kind: 'cluster' } })).toBe(
    'Redis at redis:6379 is no Redis Cluster: write redis:// in CREW_STORAGE.',
  )
  expect(refusal({ info: { cluster_enabled: '1' }, rules: { kind: 'cluster' } })).toBe('not refused')
})

test('a replica is refused with its master', () => {
  expect(refusal({ info: { role: 'slave', master_host: '10.0.0.7', master_port: '6380' } })).toBe(
    'Redis at redis:6379 is a replica, which takes no writes: name its master 10.0.0.7:6380 in CREW_STORAGE.',
  )
})

describe('clocks', () => {
  test.each([
    [0, 'not refused'],
    [5020, 'not refused'],
    [-5020, 'not refused'],
    [
      5021,
      'Redis at redis:6379 has a clock that differs by 5.0 s: it says 2026-01-01T00:00:05.021Z, here it is ' +
        '2026-01-01T00:00:00.020Z; let both follow NTP, up to 5 s are allowed.',
    ],
    [
      -3_600_000,
      'Redis at redis:6379 has a clock that differs by 3600.0 s: it says 2025-12-31T23:00:00.000Z, here it is ' +
        '2026-01-01T00:00:00.020Z; let both follow NTP, up to 5 s are allowed.',
    ],
  ])('%i ms apart: %s', (ms, sentence) => {
    expect(refusal({ storeAt: NOW + ms })).toBe(sentence)
  })
})

describe('eviction', () => {
  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-ttl'])(
    '%s is refused',
    (policy) => {
      const sentence =
        `Redis at redis:6379 throws keys away when its memory is full (maxmemory-policy ${policy}), and tasks with them: ` +
        'run redis-cli CONFIG SET maxmemory-policy noeviction, and write it into redis.conf.'
      expect(refusal({ config: { 'maxmemory-policy': policy } })).toBe(sentence)
      expect(refusal({ config: null, info: { maxmemory_policy: policy } })).toBe(sentence)
    },
  )

  test('what is not told is said', () => {
    expect(judge({ config: null, info: { maxmemory_policy: undefined } }).unchecked).toEqual([
      'Redis at redis:6379 does not tell its maxmemory-policy: see to it that it is noeviction.',
      'Redis at redis:6379 does not tell its appendfsync (CONFIG is denied): it is taken for everysec.',
    ])
  })
})

describe('durability', () => {
  const mend =
    'run redis-cli CONFIG SET appendonly yes, and write it into redis.conf, ' +
    'or set CREW_ALLOW_VOLATILE_REDIS=1 where everything may be lost.'

  test.each([
    ['everysec', 'process', 'AOF everysec: up to about 2 s are lost when Redis dies'],
    ['always', 'power', 'AOF always: what was acknowledged is on the disk'],
    ['no', 'process', 'AOF without sync: about 30 s are lost when the power fails'],
  ])('appendfsync %s survives %s', (appendfsync, survives, detail) => {
    expect(judge({ config: { appendfsync } })).toEqual({
      durability: { engine: 'redis', survives, detail },
      unchecked: [],
    })
  })

  test('an unknown appendfsync is taken for everysec, and that is said', () => {
    expect(judge({ config: null })).toEqual({
      durability: {
        engine: 'redis',
        survives: 'process',
        detail: 'AOF everysec: up to about 2 s are lost when Redis dies',
      },
      unchecked: ['Redis at redis:6379 does not tell its appendfsync (CONFIG is denied): it is taken for everysec.'],
    })
  })

  test('without an append-only file it is refused', () => {
    expect(refusal({ info: { aof_enabled: '0' } })).toBe(
      `Redis at redis:6379 keeps no append-only file, so a crash of it loses every task: ${mend}`,
    )
    expect(refusal({ info: { aof_enabled: undefined } })).toBe(
      `Redis at redis:6379 does not tell whether it keeps an append-only file: ${mend}`,
    )
  })

  test('without an append-only file it is taken where everything may be lost, and nothing is promised', () => {
    const told = { info: { aof_enabled: '0' }, rules: { isVolatileAllowed: true } }
    expect(judge(told).durability).toMatchObject({ engine: 'redis', survives: 'none' })
    expect(judge({ rules: { isVolatileAllowed: true } }).durability.survives).toBe('process')
  })

  test('a Cluster keeps what its weakest master keeps', () => {
    const always = judge({ config: { appendfsync: 'always' } })
    const everysec = judge({ config: null })
    expect(combineVerdicts([always, everysec, always])).toEqual(everysec)
    expect(combineVerdicts([always])).toEqual(always)
  })
})

describe('the record of the store', () => {
  const ours = { schema: REDIS_SCHEMA_VERSION, partitions: 16 }
  test.each([
    [ours, null],
    [
      { ...ours, schema: ours.schema + 1 },
      'was written by a newer Crew (schema 5, this one knows 4): start that version',
    ],
    [
      { ...ours, schema: 3 },
      'was written before the first release of Crew (schema 3), which cannot be taken over: give Crew an empty database',
    ],
    [
      { ...ours, partitions: 1 },
      'holds a store of 1 partitions, and 16 are asked for: it keeps the number of its first start',
    ],
    [{ ...ours, schema: Number.NaN }, "holds a {c0}meta that is none of Crew's: give Crew a database of its own"],
    [{ ...ours, partitions: Number.NaN }, "holds a {c0}meta that is none of Crew's: give Crew a database of its own"],
  ])('%j: %s', (stored, sentence) => {
    expect(refusalOf(stored, 16)).toBe(sentence)
  })
})

test('INFO is read by its fields', () => {
  const text = '# Server\r\nredis_version:7.0.15\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=0\r\nslave0:ip=::1,port=1\r\n'
  expect([...parseInfo(text)]).toEqual([
    ['redis_version', '7.0.15'],
    ['db0', 'keys=1,expires=0'],
    ['slave0', 'ip=::1,port=1'],
  ])
})

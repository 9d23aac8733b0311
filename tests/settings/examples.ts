import type { SettingKey, Settings } from '../../server/settings/settings-table.ts'

/** What a setting is without being set, one way to write it, what that means, and what is refused with which words. */
export interface Example<Value> {
  readonly standard: Value
  readonly text: string
  readonly value: Value
  readonly bad: readonly string[]
  readonly allowed: string
}

const bytes = {
  text: '4096',
  value: 4096,
  bad: ['1023', '1073741825', '10MiB', '1e6'],
  allowed: 'bytes from 1024 to 1073741824',
}
const slots = {
  text: '7',
  value: 7,
  bad: ['0', '10001', '-1', '1.5', 'many'],
  allowed: 'a whole number from 1 to 10000',
}

/** One for every setting: the compiler misses none. */
export const EXAMPLES: { readonly [Key in SettingKey]: Example<Settings[Key]> } = {
  port: {
    standard: 8090,
    text: '9000',
    value: 9000,
    bad: ['65536', '-1', '80x', '0x50'],
    allowed: 'a whole number from 0 to 65535',
  },
  host: {
    standard: '127.0.0.1',
    text: '::',
    value: '::',
    bad: ['http://x', 'a b', '[::1]'],
    allowed: 'an IP address or a host name',
  },
  storage: {
    standard: 'sqlite:crew.db',
    text: 'sqlite:/data/other.db',
    value: 'sqlite:/data/other.db',
    bad: ['sqlite:', 'crew.db', 'postgres://x', 'memory2', 'redis:6379', 'redis+sentinel://x', 'redis://'],
    allowed: 'sqlite:PATH, redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or memory',
  },
  dataDir: { standard: null, text: '/data', value: '/data', bad: ['a\0b'], allowed: 'the path of a folder' },
  workerBaseUrl: {
    standard: null,
    text: 'HTTP://Workers.example:80/api',
    value: 'http://workers.example/api',
    bad: ['workers.example', 'ftp://x/', 'http://', 'http://u:p@x/', 'http://x/?a=b', 'http://x/#a'],
    allowed: 'http://HOST/PATH or https://HOST/PATH, without user name, query or fragment',
  },
  workerAuthorizationHeader: {
    standard: null,
    text: 'Bearer abc def',
    value: 'Bearer abc def',
    bad: ['a\nb', 'a\r\nX-Other: b', 'ü'],
    allowed: 'printable ASCII on one line',
  },
  auth: { standard: 'on', text: 'off', value: 'off', bad: ['no', 'OFF', 'true'], allowed: 'on or off' },
  authUsername: {
    standard: 'admin',
    text: 'Zoë',
    value: 'Zoë',
    bad: ['x'.repeat(257)],
    allowed: '1 to 256 characters',
  },
  authPassword: {
    standard: null,
    text: 'pass phrase',
    value: 'pass phrase',
    bad: ['x'.repeat(1025)],
    allowed: '1 to 1024 characters',
  },
  authToken: {
    standard: null,
    text: 'token-of-a-program',
    value: 'token-of-a-program',
    bad: ['short', 'with a space in it', 'ümlaut-token', 'x'.repeat(1025)],
    allowed: '8 to 1024 printable ASCII characters without spaces',
  },
  shutdownTimeoutInMilliseconds: {
    standard: 30_000,
    text: '0',
    value: 0,
    bad: ['-1', '5s', '3600001'],
    allowed: 'milliseconds from 0 to 3600000',
  },
  maxBodyBytes: { standard: 10_485_760, ...bytes },
  maxResponseBytes: { standard: 5_242_880, ...bytes },
  maxInFlight: { standard: 100, ...slots },
  maxInFlightPerWorker: { standard: 20, ...slots },
  leaseMs: {
    standard: 30_000,
    text: '1000',
    value: 1000,
    bad: ['999', '5s', '3600001'],
    allowed: 'milliseconds from 1000 to 3600000',
  },
  cleanExpiredGroups: {
    standard: false,
    text: 'true',
    value: true,
    bad: ['yes', '1', 'TRUE'],
    allowed: 'true or false',
  },
  expiredGroupIntervalInDays: {
    standard: 7,
    text: '0.5',
    value: 0.5,
    bad: ['0', '-1', '36501', 'a week', '1e3'],
    allowed: 'days, more than 0 and up to 36500, decimals allowed',
  },
  logLevel: {
    standard: 'info',
    text: 'debug',
    value: 'debug',
    bad: ['loud', 'INFO'],
    allowed: 'trace, debug, info, warn, error, fatal or silent',
  },
  redisAddress: {
    standard: null,
    text: 'redis:6379',
    value: 'redis:6379',
    bad: ['redis://x', 'a b'],
    allowed: 'HOST:PORT',
  },
  redisPassword: { standard: null, text: 'hunter 2', value: 'hunter 2', bad: ['a\nb'], allowed: 'text on one line' },
  allowVolatileRedis: {
    standard: false,
    text: '1',
    value: true,
    bad: ['yes', '2', 'TRUE', 'on', 'toString'],
    allowed: 'true, 1, false or 0',
  },
}

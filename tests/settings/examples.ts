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

const key = {
  bad: ['07'.repeat(31), 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc', 'a passphrase of thirty-two chars'],
  allowed: '32 bytes in base64 or hex, like openssl rand -base64 32 makes them',
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
  tlsCert: {
    standard: null,
    text: '/etc/crew/tls.pem',
    value: '/etc/crew/tls.pem',
    bad: ['a\0b'],
    allowed: 'the path of a file',
  },
  tlsKey: { standard: null, text: 'tls.key', value: 'tls.key', bad: ['a\0b'], allowed: 'the path of a file' },
  maxConnections: {
    standard: 10_000,
    text: '500',
    value: 500,
    bad: ['9', '1000001', '1e3', 'many'],
    allowed: 'a whole number from 10 to 1000000',
  },
  maxConnectionsPerAddress: {
    standard: 1000,
    text: '50',
    value: 50,
    bad: ['0', '1000001', '-1', 'many'],
    allowed: 'a whole number from 1 to 1000000',
  },
  publicUrl: {
    standard: null,
    text: 'https://crew.example/tools',
    value: 'https://crew.example/tools',
    bad: ['crew.example', 'ftp://x/', 'http://u:p@x/', 'http://x/?a=b'],
    allowed: 'http://HOST/PATH or https://HOST/PATH, without user name, query or fragment',
  },
  basePath: {
    standard: '/',
    text: '/tools/crew',
    value: '/tools/crew/',
    bad: ['crew', '//x', '/a b', '/a?b', 'http://x/', '/a//b'],
    allowed: 'a path like /crew/, of letters, digits and ._~-',
  },
  trustedProxies: {
    standard: null,
    text: '10.0.0.2, fd00::/8',
    value: [
      { address: [10, 0, 0, 2], bits: 32 },
      { address: [0xfd, ...new Array(15).fill(0)], bits: 8 },
    ],
    bad: ['proxy', '10.0.0.1/8', '*', 'true'],
    allowed: 'addresses or ranges of them like 10.0.0.0/8 or fd00::/8, separated by commas',
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
  workerSigningSecret: {
    standard: null,
    text: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    value: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    bad: [
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'whsec_c2hvcnQ=',
      'secret:SHOP',
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,',
    ],
    allowed:
      'whsec_ with the base64 of 24 to 64 bytes, or whsk_ with that of an ed25519 private key (64 bytes, or its seed of 32); ' +
      'or two of them, separated by a comma',
  },
  secretKey: { standard: null, text: `${'07'.repeat(32)}`, value: new Uint8Array(32).fill(7), ...key },
  secretKeyOld: {
    standard: null,
    text: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=',
    value: new Uint8Array(32).fill(7),
    ...key,
  },
  egressAllow: {
    standard: null,
    text: '10.1.0.0/16, fd00::5',
    value: [
      { address: [10, 1, 0, 0], bits: 16 },
      { address: [0xfd, ...new Array(14).fill(0), 5], bits: 128 },
    ],
    bad: ['10.0.0.0/33', '10.0.0.1/8', 'localhost', '10.0.0.0/8,', '10.0.0', '127.1'],
    allowed: 'addresses or ranges of them like 10.0.0.0/8 or fd00::/8, separated by commas',
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
    bad: ['x'.repeat(257)],
    allowed: '1 to 256 characters',
  },
  authToken: {
    standard: null,
    text: 'token-of-a-program',
    value: 'token-of-a-program',
    bad: ['short', 'with a space in it', 'ümlaut-token', 'x'.repeat(1025)],
    allowed: '8 to 1024 printable ASCII characters without spaces',
  },
  apiRateLimit: {
    standard: null,
    text: '100',
    value: 100,
    bad: ['0', '10001', '1.5', 'off'],
    allowed: 'a whole number from 1 to 10000',
  },
  apiRateBurst: {
    standard: 200,
    text: '50',
    value: 50,
    bad: ['0', '100001', '1e3', 'many'],
    allowed: 'a whole number from 1 to 100000',
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
  expiredFailedGroupIntervalInDays: {
    standard: 30,
    text: '90',
    value: 90,
    bad: ['0', '-1', '36501', 'a month', '1e3'],
    allowed: 'days, more than 0 and up to 36500, decimals allowed',
  },
  cleanAboveBytes: {
    standard: null,
    text: '2000000000',
    value: 2_000_000_000,
    bad: ['0', '1048575', '562949953421313', '2GB', '1e9'],
    allowed: 'bytes from 1048576 to 562949953421312',
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

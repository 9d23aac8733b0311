import {
  baseUrl,
  choice,
  consent,
  days,
  encryptionKey,
  filePath,
  ipRanges,
  type Kind,
  signingSecrets,
  text,
  urlPath,
  wholeNumber,
  yesOrNo,
} from './kinds.ts'

/** One setting. Its three spellings come from its key, see `namesOf`. */
export interface Setting<Value> {
  /** One line for `--help` and the docs. */
  readonly about: string
  readonly kind: Kind<Exclude<Value, null>>
  /** Written as a person would; null when there is none, and the value is null then. */
  readonly fallback: string | null
  /** Never shown, and `…_FILE` names a file to read it from. */
  readonly isSecret: boolean
  /** Only where the name is not `CREW_` and the key. */
  readonly env?: string
}

type Spec<Value> = Pick<Setting<Value>, 'about' | 'kind' | 'env'>

const MEBIBYTE = 1024 * 1024
const HOUR_MS = 3_600_000

/** Everything that can be set. This table drives parsing, `--help` and the docs. */
export const SETTINGS = {
  port: withDefault('8090', {
    about: 'the port to listen on; 0 takes a free one',
    kind: wholeNumber({ min: 0, max: 65_535 }),
    env: 'PORT',
  }),
  host: withDefault('127.0.0.1', {
    about: 'the address to listen on; 0.0.0.0 lets other machines in',
    kind: text({ placeholder: 'HOST', allowed: 'an IP address or a host name', pattern: /^[A-Za-z0-9._:-]{1,253}$/ }),
    env: 'HOST',
  }),
  tlsCert: optional({
    about: 'speak HTTPS with the certificate in this file, and those of its issuers behind it, as PEM',
    kind: filePath,
  }),
  tlsKey: optional({
    about: 'the file of its private key, as PEM without a password',
    kind: filePath,
  }),
  maxConnections: withDefault('10000', {
    about: 'connections at once; what is more is closed',
    kind: wholeNumber({ min: 10, max: 1_000_000 }),
  }),
  maxConnectionsPerAddress: withDefault('1000', {
    about: 'of these, from one address, or one /64 of IPv6; trusted proxies have no such limit',
    kind: wholeNumber({ min: 1, max: 1_000_000 }),
  }),
  publicUrl: optional({
    about: 'where workers reach this server, for the callbacks they are sent; without it where it listens',
    kind: baseUrl,
  }),
  basePath: withDefault('/', {
    about: 'the path that browsers see Crew at, behind a proxy',
    kind: urlPath,
  }),
  trustedProxies: optional({
    about: 'proxies whose X-Forwarded-For says who logs in; without it all behind a proxy are slowed down as one',
    kind: ipRanges,
  }),
  storage: withDefault('sqlite:crew.db', {
    about: 'where tasks are kept: a file, a Redis that several servers share, or memory (gone when the server stops)',
    kind: text({
      placeholder: 'sqlite:PATH|redis://…|redis+cluster://…|memory',
      allowed: 'sqlite:PATH, redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or memory',
      // What opens it knows more of an address, and says what is wrong with it.
      pattern: /^(sqlite:[^\0]+|memory|rediss?(\+cluster)?:\/\/\S+)$/,
    }),
  }),
  dataDir: optional({
    about: 'the folder that a relative path of the storage starts in',
    kind: text({ placeholder: 'PATH', allowed: 'the path of a folder', pattern: /^[^\0]+$/ }),
  }),
  workerBaseUrl: optional({
    about: "where workers are: a worker's name is appended; with --demo the demo workers",
    kind: baseUrl,
  }),
  workerAuthorizationHeader: secret({
    about: 'sent to workers as Authorization',
    kind: text({ placeholder: 'VALUE', allowed: 'printable ASCII on one line', pattern: /^[\x20-\x7e]{1,8192}$/ }),
  }),
  workerSigningSecret: secret({
    about: 'signs what is sent to workers at the base URL; two, the new one first, while they change over',
    kind: signingSecrets,
  }),
  secretKey: secret({
    about: 'the key that signing secrets of workers are encrypted with in the storage',
    kind: encryptionKey,
  }),
  secretKeyOld: secret({
    about: 'the key before it: still reads what was encrypted with it',
    kind: encryptionKey,
  }),
  egressAllow: optional({
    about: 'private addresses that workers with a url set through the API may have all the same',
    kind: ipRanges,
  }),
  auth: withDefault('on', {
    about: 'off needs no login, and only listens on this machine',
    kind: choice(['on', 'off']),
  }),
  authUsername: withDefault('admin', {
    about: 'who may log in',
    kind: text({ placeholder: 'NAME', allowed: '1 to 256 characters', pattern: /^.{1,256}$/su }),
  }),
  authPassword: secret({
    about: 'the password to log in with; without it the first start makes one',
    // No longer than a login may send.
    kind: text({ placeholder: 'PASSWORD', allowed: '1 to 256 characters', pattern: /^.{1,256}$/su }),
  }),
  authToken: secret({
    about: 'a fixed token for programs',
    kind: text({
      placeholder: 'TOKEN',
      allowed: '8 to 1024 printable ASCII characters without spaces',
      pattern: /^[\x21-\x7e]{8,1024}$/,
    }),
  }),
  apiRateLimit: optional({
    about: 'requests a second that each token and each user may send; what is more is 429',
    kind: wholeNumber({ min: 1, max: 10_000 }),
  }),
  apiRateBurst: withDefault('200', {
    about: 'of these, at once after a rest',
    kind: wholeNumber({ min: 1, max: 100_000 }),
  }),
  shutdownTimeoutInMilliseconds: withDefault('30000', {
    about: 'how long attempts in flight may take to finish when the server is told to stop',
    kind: wholeNumber({ min: 0, max: HOUR_MS, unit: 'milliseconds' }),
  }),
  maxBodyBytes: withDefault(String(10 * MEBIBYTE), {
    about: 'the largest request that is taken',
    kind: wholeNumber({ min: 1024, max: 1024 * MEBIBYTE, unit: 'bytes' }),
  }),
  maxResponseBytes: withDefault(String(5 * MEBIBYTE), {
    about: 'the largest answer of a worker that is taken',
    kind: wholeNumber({ min: 1024, max: 1024 * MEBIBYTE, unit: 'bytes' }),
  }),
  maxInFlight: withDefault('100', {
    about: 'attempts in flight at once',
    kind: wholeNumber({ min: 1, max: 10_000 }),
  }),
  maxInFlightPerWorker: withDefault('20', {
    about: 'attempts in flight at once to one worker',
    kind: wholeNumber({ min: 1, max: 10_000 }),
  }),
  leaseMs: withDefault('30000', {
    about: 'how long a server that vanished keeps its tasks from being run again',
    kind: wholeNumber({ min: 1000, max: HOUR_MS, unit: 'milliseconds' }),
  }),
  cleanExpiredGroups: withDefault('false', {
    about: 'delete task groups when they have ended long ago',
    kind: yesOrNo,
  }),
  expiredGroupIntervalInDays: withDefault('7', {
    about: 'how long a task group is kept after the last of its tasks succeeded',
    kind: days(36_500),
  }),
  expiredFailedGroupIntervalInDays: withDefault('30', {
    about: 'how long a task group is kept that ended with failures, and has no task left to run',
    kind: days(36_500),
  }),
  cleanAboveBytes: optional({
    about:
      'while the storage holds more, the oldest task groups that have ended go before their time, failed ones last',
    kind: wholeNumber({ min: MEBIBYTE, max: 512 * 1024 ** 4, unit: 'bytes' }),
  }),
  logLevel: withDefault('info', {
    about: 'the least important lines that are logged',
    kind: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  }),
  redisAddress: optional({
    about: 'the Redis server, as crew-go knew it; the storage is redis://ADDRESS then',
    kind: text({ placeholder: 'HOST:PORT', allowed: 'HOST:PORT', pattern: /^[^\s/@]+$/ }),
    env: 'REDIS_ADDRESS',
  }),
  redisPassword: secret({
    about: 'the password of the Redis server, where its address has none',
    kind: text({ placeholder: 'PASSWORD', allowed: 'text on one line', pattern: /^.+$/u }),
    env: 'REDIS_PASSWORD',
  }),
  allowVolatileRedis: withDefault('false', {
    about: 'take a Redis that keeps no append-only file: everything is lost when it dies',
    kind: consent,
  }),
}

export type SettingKey = keyof typeof SETTINGS

/** The settings as they are used. */
export type Settings = {
  readonly [Key in SettingKey]: (typeof SETTINGS)[Key] extends Setting<infer Value> ? Value : never
}

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[]

/** The three spellings of a setting: `--max-in-flight`, `CREW_MAX_IN_FLIGHT`, and `max_in_flight` in crew.toml. */
export interface SettingNames {
  readonly flag: string
  readonly env: string
  readonly toml: string
}

export function namesOf(key: SettingKey): SettingNames {
  const toml = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const { env }: { env?: string } = SETTINGS[key]
  return { flag: `--${toml.replaceAll('_', '-')}`, env: env ?? `CREW_${toml.toUpperCase()}`, toml }
}

/** The spellings of the file that holds a secret. */
export function fileNamesOf(key: SettingKey): SettingNames {
  const { flag, env, toml } = namesOf(key)
  return { flag: `${flag}-file`, env: `${env}_FILE`, toml: `${toml}_file` }
}

function withDefault<Value>(fallback: string, spec: Spec<Value>): Setting<Value> {
  return { ...spec, fallback, isSecret: false }
}

function optional<Value>(spec: Spec<Value>): Setting<Value | null> {
  return { ...(spec as Spec<Value | null>), fallback: null, isSecret: false }
}

function secret<Value>(spec: Spec<Value>): Setting<Value | null> {
  return { ...optional(spec), isSecret: true }
}

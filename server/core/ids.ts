/**
 * An id of a task or a group (WIRE section 1): 1 to 128 letters, digits, `.`, `_`, `:` or `-`. Its `source` is the
 * `pattern` of the request schemas, so the rule is written once.
 */
export const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * A worker's name (WIRE section 1): 1 to 256 letters, digits, `.`, `_`, `~`, `/` or `-`. It is appended to the base URL,
 * so it must not leave that URL's path: no `..` and no leading `/`.
 */
export const WORKER_NAME_PATTERN = /^(?!\/)(?!.*\.\.)[A-Za-z0-9._~/-]{1,256}$/

/** Whether a caller may use this as an id. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value)
}

/** Whether this may name a worker. */
export function isWorkerName(value: unknown): value is string {
  return typeof value === 'string' && WORKER_NAME_PATTERN.test(value)
}

/** How the names of workers begin that are receivers of notifications. Crew gives them, and nobody else. */
export const RECEIVER_PREFIX = 'crew.notify/'

/** Whether tasks of this worker are deliveries: their input is what is sent, and their metadata tell where. */
export const isReceiver = (worker: string): boolean => worker.startsWith(RECEIVER_PREFIX)

/** What a UUID v7 is made of: the time in epoch milliseconds, and 10 random bytes of which 74 bits are used. */
export type UuidSource = { readonly now: number; readonly randomBytes: Uint8Array }

/** Random bytes that one UUID v7 takes. */
export const UUID_RANDOM_BYTES = 10

const TIME_LIMIT = 2 ** 48

/**
 * A UUID version 7 (RFC 9562 section 5.7) in lower case: 48 bits of time, then the version, the variant and 74 random
 * bits. Ids made later sort later; within a millisecond their order is random.
 */
export function uuidV7({ now, randomBytes }: UuidSource): string {
  if (randomBytes.length < UUID_RANDOM_BYTES) {
    throw new RangeError(`a UUID takes ${UUID_RANDOM_BYTES} random bytes, got ${randomBytes.length}`)
  }
  const time = Math.trunc(Math.min(Math.max(now, 0), TIME_LIMIT - 1))
  const [high = 0, low = 0] = randomBytes
  const versioned = 0x7000 | ((high & 0x0f) << 8) | low
  const [variant = 0, ...rest] = randomBytes.subarray(2, UUID_RANDOM_BYTES)
  const tail = hex((variant & 0x3f) | 0x80, 2) + rest.map((byte) => hex(byte, 2)).join('')
  const head = hex(time, 12)
  return [head.slice(0, 8), head.slice(8), hex(versioned, 4), tail.slice(0, 4), tail.slice(4)].join('-')
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

import { StorageOpenError } from '../storage-open-error.ts'
import { partitionTag } from './keys.ts'
import type { RedisConnection } from './redis-connection.ts'
import { describeRedis } from './redis-url.ts'

/** Raised with every change of the keys or of what they hold; a store with a higher one was written by a newer Crew (I17). */
export const REDIS_SCHEMA_VERSION = 4
/** Before the first release: in 1 workers are in no list and holds say less, in 2 groups are in no list by their state, in 3 nobody counts what is complete. */
const OLDEST_SCHEMA = 4

/** HASH `schema`, `partitions`: written by the first server, for good. In the first partition, which every store has. */
export const SCHEMA_KEY = `${partitionTag(0)}meta`

export interface StoredSchema {
  readonly schema: number
  readonly partitions: number
}

/**
 * Writes the record where there is none, and refuses a store that this version cannot use. Servers that start together on an
 * empty Redis agree, as each field is written once.
 */
export async function agreeOnSchema(connection: RedisConnection, partitions: number): Promise<void> {
  await connection.command('HSETNX', SCHEMA_KEY, 'schema', REDIS_SCHEMA_VERSION)
  await connection.command('HSETNX', SCHEMA_KEY, 'partitions', partitions)
  await checkSchema(connection, partitions)
}

/** Refuses a store that this version cannot use, or that is none, and writes nothing. */
export async function checkSchema(connection: RedisConnection, partitions: number): Promise<void> {
  const [schema, stored] = (await connection.command('HMGET', SCHEMA_KEY, 'schema', 'partitions')) as (string | null)[]
  const isNone = schema === null && stored === null
  const refusal = isNone
    ? 'holds no store of Crew: check the address and the number of the database'
    : refusalOf({ schema: Number(schema ?? Number.NaN), partitions: Number(stored ?? Number.NaN) }, partitions)
  if (refusal !== null) throw new StorageOpenError(`${describeRedis(connection.address)} ${refusal}.`)
}

/** Why a store with this record cannot be used; null when it can. */
export function refusalOf({ schema, partitions }: StoredSchema, ours: number): string | null {
  if (!Number.isInteger(schema) || !Number.isInteger(partitions)) {
    return `holds a ${SCHEMA_KEY} that is none of Crew's: give Crew a database of its own`
  }
  if (schema > REDIS_SCHEMA_VERSION) {
    return `was written by a newer Crew (schema ${schema}, this one knows ${REDIS_SCHEMA_VERSION}): start that version`
  }
  if (schema < OLDEST_SCHEMA) {
    return `was written before the first release of Crew (schema ${schema}), which cannot be taken over: give Crew an empty database`
  }
  if (partitions !== ours) {
    return `holds a store of ${partitions} partitions, and ${ours} are asked for: it keeps the number of its first start`
  }
  return null
}

import { CrewError } from '../../server/core/errors.ts'
import type { StorageRoom } from '../task-storage.ts'
import type { RedisConnection } from './redis-connection.ts'

/** The memory of all masters together, with whatever else is in them, and what is left of their `maxmemory`. Null where INFO may not be asked. */
export async function readRoom(connection: Pick<RedisConnection, 'onMasters'>): Promise<StorageRoom> {
  try {
    const told = await connection.onMasters('info', 'memory')
    const sum = (field: string) =>
      told.reduce((total, { reply }) => total + (figureOf(String(reply), field) ?? Number.NaN), 0)
    const [used, most] = [sum('used_memory'), sum('maxmemory')]
    const isBounded = told.every(({ reply }) => (figureOf(String(reply), 'maxmemory') ?? 0) > 0)
    return {
      usedBytes: Number.isFinite(used) ? used : null,
      freeBytes: isBounded && Number.isFinite(most - used) ? Math.max(0, most - used) : null,
    }
  } catch (error) {
    if (error instanceof CrewError) throw error
    return { usedBytes: null, freeBytes: null }
  }
}

function figureOf(info: string, field: string): number | undefined {
  const [, digits] = new RegExp(`^${field}:(\\d+)`, 'm').exec(info) ?? []
  return digits === undefined ? undefined : Number(digits)
}

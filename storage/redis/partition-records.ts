import type { RecordScan, ScannedRecord } from '../task-storage.ts'
import { keyOf } from './keys.ts'
import { hostOf, type PartitionHost, type PartitionOptions } from './script-runner.ts'
import { slicesOf } from './slices.ts'
import type { Places } from './store.ts'

/** Keys looked at in one step of a scan. */
const KEYS_PER_SCAN = 1000

/** Records read in one script. */
const RECORDS_PER_READ = 500

export interface StoredRecord {
  readonly key: string
  readonly value: string
}

/** The first part of a record's key: `worker` of `worker/a`; '' when it has one part only. */
export const kindOfRecord = (key: string): string => key.slice(0, Math.max(0, key.indexOf('/')))

/** Small documents. Each is kept as its end (0: none), a space, and itself. */
export class PartitionRecords {
  readonly #options: PartitionOptions
  readonly #host: PartitionHost

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#host = hostOf(options)
  }

  async get(key: string): Promise<string | null> {
    const stored = (await this.#host.command('GET', 'record', key)) as string | null
    if (stored === null) return null
    const [expiresAt, value] = recordOf(stored)
    return expiresAt === 0 || expiresAt > this.#options.clock.now() ? value : null
  }

  async put(key: string, value: string | null, expiresAt: number): Promise<void> {
    const args = this.#argsOf(key, expiresAt)
    if (value === null) await this.#host.run('dropRecord', ...args)
    else await this.#host.run('putRecord', ...args, value)
  }

  async create(key: string, value: string, expiresAt: number): Promise<string | null> {
    const stored = await this.#host.run('createRecord', ...this.#argsOf(key, expiresAt), value)
    return stored === null ? null : recordOf(`${stored}`)[1]
  }

  async list(kind: string, { first, last }: Places): Promise<{ count: number; records: StoredRecord[] }> {
    const records: StoredRecord[] = []
    for (let from = first; ; from += RECORDS_PER_READ) {
      const reply = await this.#host.run('listRecords', kind, from, Math.min(last, from + RECORDS_PER_READ - 1))
      const [count, flat] = reply as [number, string[]]
      for (const [key, stored] of slicesOf(flat, 2)) records.push({ key: `${key}`, value: recordOf(`${stored}`)[1] })
      if (from + RECORDS_PER_READ > last || flat.length < 2 * RECORDS_PER_READ) return { count, records }
    }
  }

  /** The end of a scan is a cursor of '0'; the keys in between are of other kinds. */
  async scan(cursor: string | null): Promise<RecordScan> {
    const { runner, tag, clock } = this.#options
    const prefix = keyOf(tag, 'record')
    const step = await runner.scan(tag, cursor ?? '0', KEYS_PER_SCAN)
    const records: ScannedRecord[] = []
    for (const key of step.keys.filter((each) => each.startsWith(prefix))) {
      const stored = (await runner.command('GET', key)) as string | null
      if (stored === null) continue
      const [expiresAt, value] = recordOf(stored)
      if (expiresAt === 0 || expiresAt > clock.now()) records.push({ key: key.slice(prefix.length), value, expiresAt })
    }
    return { records, next: step.cursor === '0' ? null : step.cursor }
  }

  #argsOf(key: string, expiresAt: number): (string | number)[] {
    return [kindOfRecord(key), key, expiresAt, expiresAt > 0 && this.#options.time === 'store' ? '1' : '0']
  }
}

function recordOf(stored: string): [expiresAt: number, value: string] {
  const end = stored.indexOf(' ')
  return [Number(stored.slice(0, end)), stored.slice(end + 1)]
}

import type { RecordScan } from '../../storage/task-storage.ts'
import type { Fault } from '../core/fault.ts'
import { faultOfRecord } from '../core/record-check.ts'

/** Looks at every record, a part at a time. */
export async function faultsOfRecords(
  scan: (cursor: string | null) => RecordScan | Promise<RecordScan>,
): Promise<Fault[]> {
  const faults: Fault[] = []
  for (let cursor: string | null = null; ; ) {
    const { records, next }: RecordScan = await scan(cursor)
    faults.push(...records.flatMap(({ key, value }) => faultOfRecord(key, value) ?? []))
    if (next === null) return faults
    cursor = next
  }
}

import type { Column, Noun, Shows } from '../verb.ts'

const COLUMNS: readonly Column[] = [
  { head: 'ID', of: 'id' },
  { head: 'ACTION', of: 'action' },
  { head: 'TARGET', of: 'target' },
  { head: 'STATE', of: 'state' },
  { head: 'TOTAL', of: 'total' },
  { head: 'DONE', of: 'done' },
  { head: 'SKIPPED', of: 'skipped' },
  { head: 'FAILED', of: 'failed' },
  { head: 'STARTED', of: 'startedAt' },
]

/** An operation as a row. */
export const BULK_ROW: Shows = { kind: 'row', id: 'id', columns: COLUMNS }

/** `crew bulk`. */
export const bulkNoun: Noun = {
  name: 'bulk',
  plural: 'bulk operations',
  about: 'operations on many tasks or groups that the server does by itself',
  param: 'id',
  verbs: [
    {
      name: 'list',
      about: 'the operations, the newest first',
      operation: 'listBulk',
      words: 'none',
      shows: { kind: 'rows', member: 'operations', id: 'id', columns: COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of an operation',
      operation: 'getBulk',
      words: 'ids',
      shows: { kind: 'fields', id: 'id' },
    },
    { name: 'stop', about: 'leave the rest alone', operation: 'stopBulk', words: 'ids', shows: BULK_ROW },
    { name: 'continue', about: 'go on with the rest', operation: 'continueBulk', words: 'ids', shows: BULK_ROW },
  ],
}

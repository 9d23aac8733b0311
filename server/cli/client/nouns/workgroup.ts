import type { Column, Noun, Shows } from '../verb.ts'
import { holdFields, limitFields, spread } from './shared-fields.ts'

const COLUMNS: readonly Column[] = [
  { head: 'NAME', of: 'name' },
  { head: 'HELD', of: 'isHeld' },
  {
    head: 'UNTIL',
    of: (row) => (row.get('isHeld') === 'true' ? (row.get('heldUntil') ?? '').replaceAll('"', '') : ''),
  },
  { head: 'REASON', of: 'reason' },
  { head: 'WAITING', of: 'waiting' },
  { head: 'RUNNING', of: 'running' },
]

const row: Shows = { kind: 'row', id: 'name', columns: COLUMNS }

/** `crew workgroup`. */
export const workgroupNoun: Noun = {
  name: 'workgroup',
  plural: 'workgroups',
  about: 'workgroups: what shares a limit, and is held together',
  param: 'name',
  verbs: [
    {
      name: 'list',
      about: 'the workgroups',
      operation: 'listWorkgroups',
      words: 'none',
      shows: { kind: 'rows', member: 'workgroups', id: 'name', columns: COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of a workgroup',
      operation: 'getWorkgroup',
      words: 'ids',
      shows: { kind: 'fields', id: 'name' },
    },
    {
      name: 'set',
      about: 'change its limits',
      operation: 'updateWorkgroup',
      words: 'ids',
      hasFile: true,
      fields: limitFields,
      shows: row,
    },
    {
      name: 'hold',
      about: 'nothing of it starts for a while',
      operation: 'pauseWorkgroup',
      words: 'ids',
      fields: holdFields,
      shows: row,
    },
    { name: 'resume', about: 'go on', operation: 'resumeWorkgroup', words: 'ids', fields: [spread], shows: row },
    {
      name: 'holds',
      about: 'when it was held before, and why',
      operation: 'listWorkgroupHolds',
      words: 'id',
      shows: {
        kind: 'rows',
        member: 'holds',
        id: 'since',
        columns: [
          { head: 'SINCE', of: 'since' },
          { head: 'UNTIL', of: 'until' },
          { head: 'ENDED', of: 'endedAt' },
          { head: 'KIND', of: 'kind' },
          { head: 'REASON', of: 'reason' },
        ],
      },
    },
  ],
}

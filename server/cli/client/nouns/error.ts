import { query } from '../field.ts'
import type { Column, Noun } from '../verb.ts'

const COLUMNS: readonly Column[] = [
  { head: 'FINGERPRINT', of: 'fingerprint' },
  { head: 'TASKS', of: 'count' },
  { head: 'FAILED', of: 'failed' },
  { head: 'WORKERS', of: 'workers' },
  { head: 'LAST', of: 'lastSeenAt' },
  { head: 'MESSAGE', of: 'message' },
]

const filters = [
  query('--group', 'text', { member: 'taskGroup', placeholder: 'ID', about: 'only of this group' }),
  query('--worker', 'text', { placeholder: 'NAME', about: 'only of this worker' }),
]

/** `crew error`. */
export const errorNoun: Noun = {
  name: 'error',
  plural: 'errors',
  about: 'errors of tasks, those alike as one',
  param: 'fingerprint',
  verbs: [
    {
      name: 'list',
      about: 'the errors of tasks that are not complete',
      operation: 'listErrors',
      words: 'none',
      fields: filters,
      shows: { kind: 'rows', member: 'errors', id: 'fingerprint', columns: COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of an error, with its tasks',
      operation: 'getError',
      words: 'ids',
      fields: filters,
      shows: { kind: 'fields', id: 'fingerprint' },
    },
  ],
}

import { body } from '../field.ts'
import { testLines } from '../test-lines.ts'
import type { Column, Noun, Shows } from '../verb.ts'
import { holdFields, limitFields, search } from './shared-fields.ts'

const COLUMNS: readonly Column[] = [
  { head: 'NAME', of: 'name' },
  { head: 'ADDRESS', of: 'address' },
  { head: 'PAUSED', of: 'isPaused' },
  { head: 'BREAKER', of: 'breakerState' },
  { head: 'IN FLIGHT', of: 'inFlight' },
  { head: 'WAITING', of: 'waiting' },
  { head: 'PER MINUTE', of: 'figures.attemptsPerMinute' },
  { head: 'P95 MS', of: 'figures.p95Ms' },
]

const row: Shows = { kind: 'row', id: 'name', columns: COLUMNS }

/** `crew worker`. */
export const workerNoun: Noun = {
  name: 'worker',
  plural: 'workers',
  about: 'workers: where they are, how they do, and their limits',
  param: 'name',
  verbs: [
    {
      name: 'list',
      about: 'the workers, with how they do',
      operation: 'listWorkers',
      words: 'none',
      fields: [search],
      shows: { kind: 'rows', member: 'workers', id: 'name', columns: COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of a worker',
      operation: 'getWorker',
      words: 'ids',
      shows: { kind: 'fields', id: 'name' },
    },
    {
      name: 'set',
      about: 'change what is given; a worker that has no settings gets some',
      operation: 'updateWorker',
      words: 'ids',
      hasFile: true,
      fields: [
        body('--worker-url', 'text', { member: 'url', placeholder: 'URL', about: 'where it is' }),
        body('--headers', 'pairs', { about: 'sent with every call; a value may be secret:NAME' }),
        body('--mode', 'text', { placeholder: 'push|pull|both', about: 'whether it is called or fetches its tasks' }),
        body('--timeout-seconds', 'number', { about: 'that a call may take' }),
        ...limitFields,
      ],
      shows: row,
    },
    {
      name: 'pause',
      about: 'no call starts any more; for good, or for a while',
      operation: 'pauseWorker',
      words: 'ids',
      fields: holdFields,
      shows: row,
    },
    { name: 'resume', about: 'call it again', operation: 'resumeWorker', words: 'ids', shows: row },
    {
      name: 'test',
      about: 'call it once with a task that is none, and show what it answers',
      operation: 'testWorker',
      words: 'ids',
      fields: [
        body('--input', 'json', { about: 'what it gets' }),
        body('--timeout-seconds', 'number', { about: 'that it may take' }),
      ],
      shows: { kind: 'text', lines: testLines },
    },
    {
      name: 'delete',
      about: 'take its settings away',
      operation: 'deleteWorker',
      words: 'ids',
      shows: { kind: 'done' },
      asks: true,
    },
  ],
}

import { curlLines } from '../curl-lines.ts'
import { body, field, query } from '../field.ts'
import type { Column, Noun, Shows } from '../verb.ts'
import { whyLines } from '../why-lines.ts'
import { GROUP_COLUMNS } from './group.ts'
import { attempts, taskFields } from './shared-fields.ts'

export const TASK_COLUMNS: readonly Column[] = [
  { head: 'ID', of: 'id' },
  { head: 'NAME', of: 'name' },
  { head: 'WORKER', of: 'worker' },
  { head: 'STATE', of: 'state' },
  { head: 'ATTEMPTS LEFT', of: 'remainingAttempts' },
  { head: 'RUN AFTER', of: (task) => runAfter(task.get('runAfter') ?? '') },
]

const runAfter = (raw: string): string => (/^"0001-/.test(raw) ? '' : raw.replaceAll('"', ''))

const ATTEMPT_COLUMNS: readonly Column[] = [
  { head: 'NUMBER', of: 'number' },
  { head: 'STARTED', of: 'startedAt' },
  { head: 'MS', of: 'durationMs' },
  { head: 'OUTCOME', of: 'outcome' },
  { head: 'STATUS', of: 'statusCode' },
  { head: 'ERROR', of: 'error' },
]

const row: Shows = { kind: 'row', id: 'id', columns: TASK_COLUMNS }
const group = (options: { isRequired?: true }) =>
  field('--group', 'text', 'path', { member: 'id', placeholder: 'ID', about: 'the group they are in', ...options })

/** `crew task`. */
export const taskNoun: Noun = {
  name: 'task',
  plural: 'tasks',
  about: 'tasks: look at one, run it again, change what it gets',
  param: 'tid',
  verbs: [
    {
      name: 'list',
      about: 'the tasks of a group, the oldest first',
      operation: 'listTasks',
      words: 'none',
      // Payloads are anybody's megabytes.
      fixedQuery: new Map([['payloads', 'false']]),
      fields: [
        group({ isRequired: true }),
        query('--search', 'text', { about: 'only where the id, name, worker or key holds this' }),
        query('--state', 'text', {
          placeholder: 'STATE,…',
          about:
            'only those that are blocked, scheduled, retrying, throttled, ready, paused, running, succeeded or failed',
        }),
        query('--worker', 'text', { placeholder: 'NAME', about: 'only those of this worker' }),
        query('--workgroup', 'text', { placeholder: 'NAME', about: 'only those of this workgroup' }),
        query('--key', 'text', { about: 'only those with this key' }),
        query('--parent', 'text', { placeholder: 'ID', about: 'only the children of this task' }),
        query('--skip-completed', 'yes', { about: 'without those that are complete' }),
        query('--payloads', 'yes', { about: 'with input and output, for -o json and jsonl' }),
      ],
      shows: { kind: 'rows', member: 'tasks', id: 'id', columns: TASK_COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of a task',
      operation: 'getTask',
      words: 'ids',
      shows: { kind: 'fields', id: 'id' },
    },
    {
      name: 'create',
      about: 'a task of a group, or all of a file',
      operation: 'createTask',
      batch: 'createTasks',
      words: 'none',
      hasFile: true,
      fields: [
        group({ isRequired: true }),
        body('--id', 'text', { placeholder: 'ID', about: 'else the server makes one' }),
        ...taskFields,
        body('--parents', 'words', { member: 'parentIds', placeholder: 'ID,…', about: 'tasks that come before it' }),
      ],
      shows: row,
      waitsFor: 'group',
    },
    {
      name: 'update',
      about: 'change what is given',
      operation: 'updateTask',
      words: 'ids',
      hasFile: true,
      fields: taskFields,
      shows: row,
    },
    {
      name: 'pause',
      about: 'it does not start; one that runs finishes',
      operation: 'updateTask',
      words: 'ids',
      fixed: new Map([['isPaused', 'true']]),
      shows: row,
      bulk: { action: 'pause', target: 'tasks' },
    },
    {
      name: 'resume',
      about: 'let it run',
      operation: 'updateTask',
      words: 'ids',
      fixed: new Map([['isPaused', 'false']]),
      shows: row,
      bulk: { action: 'resume', target: 'tasks' },
      waitsFor: 'taskGroupId',
    },
    {
      name: 'retry',
      about: 'give it its attempts, and run it now',
      operation: 'retryTask',
      words: 'ids',
      fields: [attempts],
      shows: row,
      bulk: { action: 'retry', target: 'tasks' },
      waitsFor: 'taskGroupId',
    },
    {
      name: 'reset',
      about: 'as if it had never run',
      operation: 'resetTask',
      words: 'ids',
      fields: [attempts, body('--descendants', 'yes', { about: 'and all that come after it' })],
      shows: row,
      asks: true,
      bulk: { action: 'reset', target: 'tasks' },
      waitsFor: 'taskGroupId',
    },
    {
      name: 'run-now',
      about: 'do not wait for its time',
      operation: 'updateTask',
      words: 'ids',
      fixed: new Map([['runAfter', 'null']]),
      shows: row,
      bulk: { action: 'runNow', target: 'tasks' },
      waitsFor: 'taskGroupId',
    },
    {
      name: 'copy',
      about: 'a copy alone in a new paused group, with what its parents gave it',
      operation: 'pluckTask',
      words: 'ids',
      fields: [body('--input', 'json', { about: 'another input' })],
      shows: { kind: 'row', id: 'id', columns: GROUP_COLUMNS },
    },
    {
      name: 'delete',
      about: 'children that have no other parent go with it',
      operation: 'deleteTask',
      words: 'ids',
      shows: { kind: 'done' },
      asks: true,
      bulk: { action: 'delete', target: 'tasks' },
    },
    {
      name: 'why',
      about: 'why it is not running',
      operation: 'explainTask',
      words: 'ids',
      shows: { kind: 'text', lines: whyLines },
    },
    {
      name: 'attempts',
      about: 'its newest attempts',
      operation: 'listAttempts',
      words: 'id',
      shows: { kind: 'rows', member: 'attempts', id: 'deliveryId', columns: ATTEMPT_COLUMNS },
    },
    {
      name: 'input',
      about: 'what it gets, as it was sent',
      operation: 'getTask',
      words: 'ids',
      shows: { kind: 'member', member: 'input' },
    },
    {
      name: 'output',
      about: 'what it gave, as it was sent',
      operation: 'getTask',
      words: 'ids',
      shows: { kind: 'member', member: 'output' },
    },
    {
      name: 'curl',
      about: 'the call that its worker gets, to be made by hand',
      operation: 'previewRequest',
      words: 'ids',
      shows: { kind: 'text', lines: curlLines },
    },
  ],
}

import { body, field, query } from '../field.ts'
import type { Column, Noun, Shows } from '../verb.ts'
import { whyLines } from '../why-lines.ts'
import { attempts, metadata, name, search, spread } from './shared-fields.ts'

export const GROUP_COLUMNS: readonly Column[] = [
  { head: 'ID', of: 'id' },
  { head: 'NAME', of: 'name' },
  { head: 'STATE', of: 'state' },
  { head: 'DONE', of: (group) => `${Math.floor(Number(group.get('completedPercent') ?? 0) * 100 + 1e-9)} %` },
  { head: 'RUNNING', of: 'counts.running' },
  { head: 'FAILED', of: 'counts.failed' },
  { head: 'CREATED', of: 'createdAt' },
]

/** A group as a row. */
export const GROUP_ROW: Shows = { kind: 'row', id: 'id', columns: GROUP_COLUMNS }

const settings = [
  name,
  metadata,
  body('--key-scope', 'text', { placeholder: 'group|worker', about: 'where a key merges tasks' }),
  body('--on-task-failure', 'text', { placeholder: 'wait|continue|failFast', about: 'what a failed task means' }),
]

/** `crew group`. */
export const groupNoun: Noun = {
  name: 'group',
  plural: 'groups',
  about: 'task groups: what runs, what failed, and what to do about it',
  param: 'id',
  verbs: [
    {
      name: 'list',
      about: 'the groups, the newest first',
      operation: 'listTaskGroups',
      words: 'none',
      fields: [
        search,
        query('--state', 'text', {
          placeholder: 'STATE,…',
          about: 'only those that are empty, active, paused, succeeded or failed',
        }),
        query('--failing', 'yes', { about: 'only those that hold failed tasks' }),
        query('--created-after', 'text', { placeholder: 'TIME', about: 'only those created then or later' }),
        query('--created-before', 'text', { placeholder: 'TIME', about: 'only those created before then' }),
        query('--sort', 'text', { placeholder: '-createdAt|createdAt|name|-name', about: 'their order' }),
      ],
      shows: { kind: 'rows', member: 'taskGroups', id: 'id', columns: GROUP_COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of a group',
      operation: 'getTaskGroup',
      words: 'ids',
      shows: { kind: 'fields', id: 'id' },
    },
    {
      name: 'create',
      about: 'a group: empty, with one task (--worker), or with a graph of tasks (--file)',
      operation: 'createTaskGroup',
      batch: 'createTaskGraph',
      words: 'none',
      hasFile: true,
      fields: [
        body('--id', 'text', { placeholder: 'ID', about: 'else the server makes one' }),
        ...settings,
        body('--paused', 'yes', { member: 'isPaused', about: 'nothing runs until somebody resumes it' }),
        field('--worker', 'text', 'task', { placeholder: 'NAME', about: 'of its one task' }),
        field('--input', 'json', 'task', { about: 'of its one task' }),
      ],
      shows: GROUP_ROW,
      waitsFor: 'answered',
    },
    {
      name: 'update',
      about: 'change what is given',
      operation: 'updateTaskGroup',
      words: 'ids',
      hasFile: true,
      fields: settings,
      shows: GROUP_ROW,
    },
    {
      name: 'pause',
      about: 'nothing of it starts any more; what runs finishes',
      operation: 'pauseTaskGroup',
      words: 'ids',
      shows: { kind: 'done' },
      bulk: { action: 'pause', target: 'groups' },
    },
    {
      name: 'resume',
      about: 'go on, with every task of it that is paused',
      operation: 'resumeTaskGroup',
      words: 'ids',
      fields: [spread],
      shows: { kind: 'done' },
      bulk: { action: 'resume', target: 'groups' },
      waitsFor: 'asked',
    },
    {
      name: 'retry',
      about: 'give every unfinished task its attempts, and run the failed ones now',
      operation: 'retryTaskGroup',
      words: 'ids',
      fields: [attempts, spread],
      shows: { kind: 'done' },
      bulk: { action: 'retry', target: 'groups' },
      waitsFor: 'asked',
    },
    {
      name: 'reset',
      about: 'as if it had never run; with seeds in it, what is no seed is deleted',
      operation: 'resetTaskGroup',
      words: 'ids',
      fields: [attempts],
      shows: { kind: 'done' },
      asks: true,
      bulk: { action: 'reset', target: 'groups' },
      waitsFor: 'asked',
    },
    {
      name: 'delete',
      about: 'with all its tasks, running or not',
      operation: 'deleteTaskGroup',
      words: 'ids',
      shows: { kind: 'done' },
      asks: true,
      bulk: { action: 'delete', target: 'groups' },
    },
    {
      name: 'watch',
      about: 'see how it goes until it has ended; the exit code is 0 when it succeeded and 1 when it failed',
      operation: 'getTaskGroup',
      words: 'id',
      shows: GROUP_ROW,
      isWatch: true,
    },
    {
      name: 'why',
      about: 'what holds it up, and where it takes longest',
      operation: 'explainTaskGroup',
      words: 'ids',
      shows: { kind: 'text', lines: whyLines },
    },
  ],
}

import { body, field, query } from '../field.ts'
import type { Column, Noun, Shows } from '../verb.ts'
import { GROUP_COLUMNS } from './group.ts'
import { name, search } from './shared-fields.ts'

const COLUMNS: readonly Column[] = [
  { head: 'ID', of: 'id' },
  { head: 'NAME', of: 'name' },
  { head: 'CRON', of: 'cron' },
  { head: 'TIMEZONE', of: 'timezone' },
  { head: 'PAUSED', of: 'isPaused' },
  { head: 'NEXT', of: 'nextAt' },
  { head: 'LAST GROUP', of: 'lastGroupId' },
]

const row: Shows = { kind: 'row', id: 'id', columns: COLUMNS }
const settings = [
  name,
  body('--cron', 'text', { placeholder: 'PATTERN', about: 'when: 0 3 * * * is every night at three' }),
  body('--timezone', 'text', { placeholder: 'NAME', about: 'of the pattern, like Europe/Berlin (UTC)' }),
  body('--overlap', 'text', { placeholder: 'skip|queue|allow', about: 'while the last group has not ended (skip)' }),
  body('--catch-up', 'text', { placeholder: 'none|latest|all', about: 'of times that were missed (latest)' }),
  body('--jitter', 'number', { member: 'jitterSeconds', placeholder: 'SECONDS', about: 'later by up to this' }),
  body('--paused', 'yes', { member: 'isPaused', about: 'nothing is fired' }),
  field('--worker', 'text', 'task', { placeholder: 'NAME', about: 'of the one task of each group' }),
  field('--input', 'json', 'task', { about: 'of the one task of each group' }),
]

/** `crew schedule`. */
export const scheduleNoun: Noun = {
  name: 'schedule',
  plural: 'schedules',
  about: 'schedules: groups that are made at certain times',
  param: 'id',
  verbs: [
    {
      name: 'list',
      about: 'the schedules, with when they fire next',
      operation: 'listSchedules',
      words: 'none',
      fields: [search],
      shows: { kind: 'rows', member: 'schedules', id: 'id', columns: COLUMNS },
    },
    {
      name: 'get',
      about: 'all that is known of a schedule',
      operation: 'getSchedule',
      words: 'ids',
      shows: { kind: 'fields', id: 'id' },
    },
    {
      name: 'create',
      about: 'a schedule by this id, from flags or a file: a schedule, or the graph that it makes',
      operation: 'putSchedule',
      words: 'id',
      hasFile: true,
      graphIn: 'template',
      fields: settings,
      shows: row,
    },
    {
      name: 'update',
      about: 'change what is given',
      operation: 'putSchedule',
      words: 'ids',
      hasFile: true,
      graphIn: 'template',
      fields: settings,
      shows: row,
    },
    { name: 'pause', about: 'fire nothing', operation: 'pauseSchedule', words: 'ids', shows: row },
    { name: 'resume', about: 'fire again', operation: 'resumeSchedule', words: 'ids', shows: row },
    {
      name: 'run',
      about: 'fire now, besides its times',
      operation: 'runSchedule',
      words: 'ids',
      shows: { kind: 'row', id: 'id', columns: GROUP_COLUMNS },
      waitsFor: 'answered',
    },
    {
      name: 'next',
      about: 'when it fires next',
      operation: 'listNextTimes',
      words: 'id',
      fields: [query('--count', 'number', { about: 'how many times' })],
      shows: {
        kind: 'rows',
        member: 'times',
        id: 'at',
        columns: [
          { head: 'AT', of: 'at' },
          { head: 'LOCAL', of: 'local' },
          { head: 'FIRES', of: 'firesAt' },
        ],
      },
    },
    {
      name: 'delete',
      about: 'its groups stay',
      operation: 'deleteSchedule',
      words: 'ids',
      shows: { kind: 'done' },
      asks: true,
    },
  ],
}

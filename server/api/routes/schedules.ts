import { Type } from 'typebox'
import { resolveReceivers } from '../../services/notifications.ts'
import {
  deleteSchedule,
  getSchedule,
  listNextTimes,
  listSchedules,
  pauseSchedule,
  putSchedule,
  receiversOf,
  resumeSchedule,
  runSchedule,
  type ScheduleContext,
} from '../../services/schedules.ts'
import { Turns } from '../../services/turns.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { roleOf } from '../auth/require-login.ts'
import { long } from '../deadline.ts'
import { groupJson } from '../present/group-json.ts'
import { nextTimesJson, scheduleJson, scheduleListJson } from '../present/schedule-json.ts'
import { sendDeleted, sendJson } from '../present/send.ts'
import { readSearch } from '../queries.ts'
import { readScheduleBody } from '../schedule-body.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { named } from '../schemas/named.ts'
import { ScheduleParams } from '../schemas/params.ts'
import { SearchQuery } from '../schemas/queries.ts'
import { NextTimes, NextTimesQuery } from '../schemas/schedule.ts'

const DEFAULT_TIMES = 10

/** Schedules: list, create, read, change, delete, pause, resume, run now, what comes next. */
export function scheduleRoutes(app: ApiInstance, { services, calendar, clock }: ApiDeps): void {
  const context: ScheduleContext = { ...services, calendar, scheduleTurns: new Turns() }
  app.get('/api/v1/schedules', { schema: schemas.list }, async ({ query }, reply) => {
    const { schedules, count } = await listSchedules(context, readSearch(query))
    return sendJson(reply, scheduleListJson(schedules, count))
  })
  app.get('/api/v1/schedule/:id', { schema: schemas.read }, async (request, reply) =>
    sendJson(reply, scheduleJson(await getSchedule(context, request.params.id), roleOf(request))),
  )
  app.put('/api/v1/schedule/:id', { schema: schemas.put }, async (request, reply) => {
    const { params, body } = request
    const policy = services.directory
    const { edit, template: given } = readScheduleBody(body, { calendar, now: clock.now(), policy })
    const template = given && resolveReceivers(services, given, await receiversOf(context, params.id))
    const schedule = await putSchedule(context, params.id, edit, template?.group, template?.keep)
    return sendJson(reply, scheduleJson(schedule, roleOf(request)))
  })
  app.delete('/api/v1/schedule/:id', { schema: schemas.delete }, async ({ params }, reply) => {
    await deleteSchedule(context, params.id)
    return sendDeleted(reply, params.id)
  })
  app.post('/api/v1/schedule/:id/pause', { schema: schemas.pause }, async (request, reply) =>
    sendJson(reply, scheduleJson(await pauseSchedule(context, request.params.id), roleOf(request))),
  )
  app.post('/api/v1/schedule/:id/resume', { schema: schemas.resume }, async (request, reply) =>
    sendJson(reply, scheduleJson(await resumeSchedule(context, request.params.id), roleOf(request))),
  )
  app.post('/api/v1/schedule/:id/run', { schema: schemas.run, config: long }, async (request, reply) =>
    sendJson(reply, groupJson(await runSchedule(context, request.params.id), roleOf(request))),
  )
  app.get('/api/v1/schedule/:id/next', { schema: schemas.next }, async ({ params, query }, reply) =>
    sendJson(reply, nextTimesJson(await listNextTimes(context, params.id, query.count ?? DEFAULT_TIMES))),
  )
}

const tags = ['Schedules']
const schedule = json('The schedule.', named('Schedule'))
const page = json(
  'A page of schedules, by id, without their templates.',
  Type.Object({ schedules: Type.Array(named('ScheduleRow')), count }),
)
const action = {
  tags,
  params: ScheduleParams,
  response: answers(schedule, [...commonRefusals, ...bodyRefusals, 'schedule_not_found', 'storage_full']),
}

const schemas = {
  list: {
    tags,
    operationId: 'listSchedules',
    summary: 'List schedules',
    querystring: SearchQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  read: {
    tags,
    operationId: 'getSchedule',
    summary: 'Read a schedule',
    params: ScheduleParams,
    response: answers(schedule, [...commonRefusals, 'schedule_not_found']),
  },
  put: {
    tags,
    operationId: 'putSchedule',
    summary: 'Create or change a schedule',
    description: `A group is created at each time of \`cron\`, once however many servers there are. No time before a change of
\`cron\`, \`timezone\` or \`isPaused\` is ever fired after it.`,
    params: ScheduleParams,
    body: named('ScheduleInput'),
    response: answers(schedule, [
      ...commonRefusals,
      ...bodyRefusals,
      'duplicate_id',
      'key_scope_unavailable',
      'unknown_parent',
      'cycle',
      'storage_full',
    ]),
  },
  delete: {
    tags,
    operationId: 'deleteSchedule',
    summary: 'Delete a schedule',
    description: 'The groups that it created stay.',
    params: ScheduleParams,
    response: answers(json('It is gone.', named('Deleted')), [...commonRefusals, 'schedule_not_found']),
  },
  pause: { ...action, operationId: 'pauseSchedule', summary: 'Pause a schedule' },
  resume: {
    ...action,
    operationId: 'resumeSchedule',
    summary: 'Resume a schedule',
    description: 'Times that passed while it was paused are not made up for.',
  },
  run: {
    tags,
    operationId: 'runSchedule',
    summary: 'Create a group of a schedule now',
    description: 'Also while it is paused or its last group has not ended. Its times stay as they are.',
    params: ScheduleParams,
    response: answers(json('The group.', named('TaskGroup')), [
      ...commonRefusals,
      ...bodyRefusals,
      'schedule_not_found',
      'duplicate_id',
      'storage_full',
    ]),
  },
  next: {
    tags,
    operationId: 'listNextTimes',
    summary: 'List the next times of a schedule',
    params: ScheduleParams,
    querystring: NextTimesQuery,
    response: answers(json('They are listed also while it is paused.', NextTimes), [
      ...commonRefusals,
      'schedule_not_found',
      'invalid_request',
    ]),
  },
}

import { Type } from 'typebox'
import { parseTime } from '../../core/time.ts'
import { getWorkgroup, holdWorkgroup, listWorkgroups, resumeWorkgroup } from '../../services/workgroups.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { sendJson } from '../present/send.ts'
import { workgroupJson, workgroupListJson } from '../present/workgroup-json.ts'
import { readPage } from '../queries.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { HoldBody, MAX_HOLD_SECONDS } from '../schemas/hold.ts'
import { named } from '../schemas/named.ts'
import { WorkgroupParams } from '../schemas/params.ts'
import { PagingQuery } from '../schemas/queries.ts'
import { invalidRequest } from '../validation.ts'

/** Workgroups: list, read, hold, resume. */
export function workgroupRoutes(app: ApiInstance, { services, clock }: ApiDeps): void {
  app.get('/api/v1/workgroups', { schema: schemas.list }, async ({ query }, reply) => {
    const { workgroups, count } = await listWorkgroups(services, readPage(query))
    return sendJson(reply, workgroupListJson(workgroups, count))
  })
  app.get('/api/v1/workgroup/:name', { schema: schemas.read }, async ({ params }, reply) =>
    sendJson(reply, workgroupJson(await getWorkgroup(services, params.name))),
  )
  app.post('/api/v1/workgroup/:name/pause', { schema: schemas.pause }, async ({ params, body }, reply) => {
    const hold = { until: endOfHold(body, clock.now()), reason: (body.reason ?? '').toWellFormed() }
    return sendJson(reply, workgroupJson(await holdWorkgroup(services, params.name, hold)))
  })
  app.post('/api/v1/workgroup/:name/resume', { schema: schemas.resume }, async ({ params }, reply) =>
    sendJson(reply, workgroupJson(await resumeWorkgroup(services, params.name))),
  )
}

/** Epoch ms. Of both, `until` is the more exact; one of the two is needed. */
function endOfHold({ seconds = 0, until }: HoldBody, now: number): number {
  const end = until === undefined ? Math.ceil(now + seconds * 1000) : (parseTime(until) ?? 0)
  if (end > now && end <= now + MAX_HOLD_SECONDS * 1000) return end
  if (until === undefined) throw invalidRequest([{ pointer: '/seconds', detail: 'is required, or until' }])
  throw invalidRequest([{ pointer: '/until', detail: 'expected an RFC 3339 time ahead, at most a year' }])
}

const tags = ['Workgroups']
const workgroup = json('The workgroup.', named('Workgroup'))
const page = json('A page of workgroups, by name.', Type.Object({ workgroups: Type.Array(named('Workgroup')), count }))

const schemas = {
  list: {
    tags,
    operationId: 'listWorkgroups',
    summary: 'List the workgroups that tasks or holds name',
    querystring: PagingQuery,
    response: answers(page, [...commonRefusals, 'invalid_request']),
  },
  read: {
    tags,
    operationId: 'getWorkgroup',
    summary: 'Read a workgroup',
    params: WorkgroupParams,
    response: answers(workgroup, [...commonRefusals, 'workgroup_not_found']),
  },
  pause: {
    tags,
    operationId: 'pauseWorkgroup',
    summary: 'Hold a workgroup for a while',
    description: 'Only ever raises: a shorter hold changes nothing. Attempts under way are left alone.',
    params: WorkgroupParams,
    body: HoldBody,
    response: answers(workgroup, [...commonRefusals, ...bodyRefusals]),
  },
  resume: {
    tags,
    operationId: 'resumeWorkgroup',
    summary: 'End the hold on a workgroup',
    params: WorkgroupParams,
    response: answers(workgroup, [...commonRefusals, ...bodyRefusals, 'workgroup_not_found']),
  },
}

import { Type } from 'typebox'
import {
  editWorkgroup,
  getWorkgroup,
  holdWorkgroup,
  listWorkgroupHolds,
  listWorkgroups,
  resumeWorkgroup,
} from '../../services/workgroups.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { readLimits } from '../bodies.ts'
import { endOfHold } from '../end-of-hold.ts'
import { pastHoldsJson } from '../present/hold-json.ts'
import { sendJson } from '../present/send.ts'
import { workgroupJson, workgroupListJson } from '../present/workgroup-json.ts'
import { readPage } from '../queries.ts'
import { ResumeBody } from '../schemas/actions.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { count } from '../schemas/fields.ts'
import { HoldBody } from '../schemas/hold.ts'
import { named } from '../schemas/named.ts'
import { WorkgroupParams } from '../schemas/params.ts'
import { PagingQuery } from '../schemas/queries.ts'

/** Workgroups: list, read, limit, hold, resume. */
export function workgroupRoutes(app: ApiInstance, { services, clock }: ApiDeps): void {
  app.get('/api/v1/workgroups', { schema: schemas.list }, async ({ query }, reply) => {
    const { workgroups, count } = await listWorkgroups(services, readPage(query))
    return sendJson(reply, workgroupListJson(workgroups, count))
  })
  app.get('/api/v1/workgroup/:name', { schema: schemas.read }, async ({ params }, reply) =>
    sendJson(reply, workgroupJson(await getWorkgroup(services, params.name))),
  )
  app.put('/api/v1/workgroup/:name', { schema: schemas.edit, config: adminOnly }, async ({ params, body }, reply) =>
    sendJson(reply, workgroupJson(await editWorkgroup(services, params.name, readLimits(body)))),
  )
  app.get('/api/v1/workgroup/:name/holds', { schema: schemas.holds }, async ({ params }, reply) =>
    sendJson(reply, pastHoldsJson(await listWorkgroupHolds(services, params.name))),
  )
  app.post('/api/v1/workgroup/:name/pause', { schema: schemas.pause }, async ({ params, body }, reply) => {
    const hold = { until: endOfHold(body, clock.now()), reason: (body.reason ?? '').toWellFormed() }
    return sendJson(reply, workgroupJson(await holdWorkgroup(services, params.name, hold)))
  })
  app.post('/api/v1/workgroup/:name/resume', { schema: schemas.resume }, async ({ params, body }, reply) =>
    sendJson(reply, workgroupJson(await resumeWorkgroup(services, params.name, body))),
  )
}

const tags = ['Workgroups']
const workgroup = json('The workgroup.', named('Workgroup'))
const page = json('A page of workgroups, by name.', Type.Object({ workgroups: Type.Array(named('Workgroup')), count }))
const holds = json('The newest 20, newest first.', Type.Object({ holds: Type.Array(named('PastHold')) }))
const action = {
  tags,
  params: WorkgroupParams,
  response: answers(workgroup, [...commonRefusals, ...bodyRefusals, 'workgroup_not_found']),
}

const schemas = {
  list: {
    tags,
    operationId: 'listWorkgroups',
    summary: 'List the workgroups that tasks, holds or limits name',
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
  edit: {
    ...action,
    operationId: 'updateWorkgroup',
    summary: 'Set the limits of a workgroup',
    description: 'They hold over all servers, groups and workers. The workgroup need not be named by a task yet.',
    body: named('LimitsEdit'),
  },
  holds: {
    tags,
    operationId: 'listWorkgroupHolds',
    summary: 'List the holds on a workgroup',
    params: WorkgroupParams,
    response: answers(holds, [...commonRefusals, 'workgroup_not_found']),
  },
  pause: {
    ...action,
    operationId: 'pauseWorkgroup',
    summary: 'Hold a workgroup, for a while or until it is resumed',
    description: 'Only ever raises: a shorter hold changes nothing. Attempts under way are left alone.',
    body: HoldBody,
  },
  resume: {
    ...action,
    operationId: 'resumeWorkgroup',
    summary: 'End the hold on a workgroup',
    description: `It opens step by step (\`ramp\`). With \`spreadSeconds\` what waits now starts evenly over that time, not
earlier; 0 also ends a pace that is in force.`,
    body: ResumeBody,
  },
}

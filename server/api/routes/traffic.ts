import { editTraffic, getTraffic } from '../../services/traffic.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { readLimits } from '../bodies.ts'
import { sendJson } from '../present/send.ts'
import { trafficJson } from '../present/traffic-json.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'

/** The limits of all tasks together. */
export function trafficRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/traffic', { schema: schemas.read }, async (_request, reply) =>
    sendJson(reply, trafficJson(await getTraffic(services))),
  )
  app.put('/api/v1/traffic', { schema: schemas.edit, config: adminOnly }, async ({ body }, reply) =>
    sendJson(reply, trafficJson(await editTraffic(services, readLimits(body)))),
  )
}

const tags = ['Traffic']
const traffic = json('The limits, and what is under way.', named('Traffic'))

const schemas = {
  read: {
    tags,
    operationId: 'getTraffic',
    summary: 'Read what bounds all tasks together',
    response: answers(traffic, commonRefusals),
  },
  edit: {
    tags,
    operationId: 'updateTraffic',
    summary: 'Set the limits of all tasks together',
    description: 'They hold over all servers, workers and workgroups, beside those of each worker and workgroup.',
    body: named('LimitsEdit'),
    response: answers(traffic, [...commonRefusals, ...bodyRefusals]),
  },
}

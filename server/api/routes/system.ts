import { Type } from 'typebox'
import { forecastOf, SIZES_RECORD, sizesFrom } from '../../core/storage-forecast.ts'
import { formatTime } from '../../core/time.ts'
import { readOverview } from '../../services/overview.ts'
import type { ApiDeps, ApiInstance, ProcessFacts } from '../api-deps.ts'
import { adminOnly } from '../auth/require-login.ts'
import { long } from '../deadline.ts'
import { sendJson } from '../present/send.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'

/** Everything at a glance, what this server is, and what it may forget. */
export function systemRoutes(app: ApiInstance, deps: ApiDeps): void {
  const facts = deps.process ?? { startedAt: deps.clock.now(), retention: KEPT }
  app.get('/api/v1/overview', { schema: schemas.overview }, async (_request, reply) =>
    sendJson(reply, JSON.stringify(await readOverview(deps.services))),
  )
  app.get('/api/v1/system', { schema: schemas.system }, async (_request, reply) =>
    sendJson(reply, JSON.stringify(await readSystem(deps, facts))),
  )
  app.post('/api/v1/clean', { schema: schemas.clean, config: { ...adminOnly, ...long } }, async (request, reply) => {
    const { dryRun } = request.body
    const report = await deps.clean({ isTrial: dryRun })
    request.activity = dryRun
      ? { isTrial: true }
      : { what: 'Delete task groups that have ended', told: `${report.groups} groups, ${report.tasks} tasks` }
    return sendJson(reply, JSON.stringify({ dryRun, ...report }))
  })
}

const KEPT: ProcessFacts['retention'] = { finishedGroupDays: null, failedGroupDays: null, aboveBytes: null }

async function readSystem({ services: { storage }, clock, version, auth }: ApiDeps, facts: ProcessFacts) {
  const { engine, survives: durability, detail } = storage.durability
  const [bytes, room, sizes] = await Promise.all([
    storage.sizeInBytes(),
    storage.room(),
    storage.getRecord(SIZES_RECORD),
  ])
  return {
    version,
    startedAt: formatTime(facts.startedAt),
    now: formatTime(clock.now()),
    storage: { engine, durability, detail, bytes, ...room, ...forecastOf(sizesFrom(sizes), room.freeBytes) },
    retention: facts.retention,
    auth: auth.kind,
  }
}

const schemas = {
  overview: {
    tags: ['Task groups'],
    operationId: 'getOverview',
    summary: 'Read how everything is, in a few figures',
    response: answers(json('The figures, over all servers.', named('Overview')), commonRefusals),
  },
  system: {
    tags: ['Process'],
    operationId: 'getSystem',
    summary: 'Read what this server and its storage are',
    response: answers(json('The server.', named('System')), commonRefusals),
  },
  clean: {
    tags: ['Process'],
    operationId: 'clean',
    summary: 'Delete task groups that ended long ago, or tell how many would go',
    description: `Groups whose tasks all succeeded go after \`CREW_EXPIRED_GROUP_INTERVAL_IN_DAYS\`, those that ended with failures
after \`CREW_EXPIRED_FAILED_GROUP_INTERVAL_IN_DAYS\`, and the oldest of both while the storage holds more than
\`CREW_CLEAN_ABOVE_BYTES\`. Never one with a task that may still run. At most 500 a call.`,
    body: Type.Object({
      dryRun: Type.Boolean({ description: 'True: nothing is deleted, and the answer tells what would be.' }),
    }),
    response: answers(json('What was deleted, or would be.', named('Cleaning')), [
      ...commonRefusals,
      ...bodyRefusals,
      'storage_full',
    ]),
  },
}

import type { FastifyReply } from 'fastify'
import { acquireTask, releaseTask } from '../../services/outside-attempts.ts'
import { listChannels } from '../../services/workers.ts'
import { unnoted } from '../activity-hook.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { long } from '../deadline.ts'
import { findable, secretAnswer } from '../idempotency.ts'
import { acquiredJson, channelsJson, polledTaskJson } from '../present/polled-json.ts'
import { sendJson } from '../present/send.ts'
import { unlimited } from '../rate-limit.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { AcquireBody, Acquired, Channels, PolledTask, ReleaseBody } from '../schemas/outside.ts'
import { ChannelParams, TaskParams } from '../schemas/params.ts'

/** Workers that fetch their tasks, in the words of Crew v1 (WIRE section 2). */
export function channelRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.get('/api/v1/channels', { schema: schemas.list }, async (_request, reply) =>
    sendJson(reply, channelsJson(await listChannels(services))),
  )
  const acquire = { schema: schemas.acquire, config: { ...unnoted, ...long, ...secretAnswer, ...unlimited } }
  app.post('/api/v1/channel/:channel/acquire', acquire, async ({ params, body }, reply) => {
    const { wait = 0, leaseSeconds } = body
    const workerId = body.workerId.toWellFormed()
    const wanted = { channel: params.channel, workerId, wait, leaseSeconds, signal: goneSignal(reply) }
    return sendJson(reply, acquiredJson(await acquireTask(services, wanted)))
  })
  const release = { schema: schemas.release, config: { ...unnoted, ...findable, ...unlimited, keepsText: true } }
  app.post('/api/v1/task/:tid/release', release, async ({ params, body, bodyText }, reply) => {
    const { workerId, attempt } = body
    const releaser = { workerId: workerId.toWellFormed(), attempt, body: bodyText }
    const task = await releaseTask(services, params.tid, releaser)
    return sendJson(reply, polledTaskJson(task))
  })
}

/** Aborted when whoever asks is gone before there is an answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  // While its login or its key was looked up: that was told, and is not told again.
  if (reply.raw.destroyed) gone.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) gone.abort()
  })
  return gone.signal
}

const tags = ['Polling workers']

const schemas = {
  list: {
    tags,
    operationId: 'listChannels',
    summary: 'List the channels: workers that tasks name, with how many tasks each has',
    response: answers(json('All of them, by name.', Channels), commonRefusals),
  },
  acquire: {
    tags,
    operationId: 'acquireTask',
    summary: 'Fetch the next task of a channel, with a lease',
    description: `For workers that cannot be called. The mode of the worker has to be \`pull\` or \`both\`, or nobody may know its address.
When the lease is over without a release the task is free again; \`POST {callback.url}/heartbeat\` keeps it.`,
    params: ChannelParams,
    body: AcquireBody,
    response: answers(json('The task, or null.', Acquired), [...commonRefusals, ...bodyRefusals, 'worker_is_pushed']),
  },
  release: {
    tags,
    operationId: 'releaseTask',
    summary: 'Hand a fetched task back with its result',
    description:
      'Repeating it is fine, and so is coming late when it names its `attempt`; without, it is taken for the attempt that this worker has now. ' +
      'What is wrong with the result fails the attempt, as with any worker.',
    params: TaskParams,
    body: ReleaseBody,
    response: answers(json('The task.', PolledTask), [
      ...commonRefusals,
      ...bodyRefusals,
      'task_not_found',
      'attempt_superseded',
    ]),
  },
}

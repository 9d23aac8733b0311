import { pauseGroup, resetGroup, resumeGroup, retryGroup } from '../../services/groups.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { long } from '../deadline.ts'
import { sendSuccess } from '../present/send.ts'
import { AttemptsBody, DEFAULT_ATTEMPTS, GroupRetryBody, ResumeBody } from '../schemas/actions.ts'
import { answers, bodyRefusals, commonRefusals, json } from '../schemas/answers.ts'
import { named } from '../schemas/named.ts'
import { GroupParams } from '../schemas/params.ts'

/** Task groups: pause, resume, reset, retry. */
export function groupActionRoutes(app: ApiInstance, { services }: ApiDeps): void {
  app.post('/api/v1/task_group/:id/pause', { schema: schemas.pause }, async ({ params }, reply) => {
    await pauseGroup(services, params.id)
    return sendSuccess(reply)
  })
  app.post(
    '/api/v1/task_group/:id/resume',
    { schema: schemas.resume, config: long },
    async ({ params, body }, reply) => {
      await resumeGroup(services, params.id, body)
      return sendSuccess(reply)
    },
  )
  app.post('/api/v1/task_group/:id/reset', { schema: schemas.reset, config: long }, async ({ params, body }, reply) => {
    const { remainingAttempts = DEFAULT_ATTEMPTS } = body
    await resetGroup(services, params.id, { remainingAttempts })
    return sendSuccess(reply)
  })
  app.post('/api/v1/task_group/:id/retry', { schema: schemas.retry, config: long }, async ({ params, body }, reply) => {
    const { remainingAttempts = DEFAULT_ATTEMPTS, spreadSeconds } = body
    await retryGroup(services, params.id, { remainingAttempts, spreadSeconds })
    return sendSuccess(reply)
  })
}

const done = json('It is done.', named('Success'))
const action = {
  tags: ['Task groups'],
  params: GroupParams,
  response: answers(done, [...commonRefusals, ...bodyRefusals, 'group_not_found', 'conflict']),
}

const schemas = {
  pause: {
    ...action,
    operationId: 'pauseTaskGroup',
    summary: 'Pause a task group',
    description: 'When this answers, nothing of the group starts any more. Attempts under way finish and count.',
  },
  resume: {
    ...action,
    operationId: 'resumeTaskGroup',
    summary: 'Resume a task group',
    description: 'Also clears the own pause of every task in it, and lets a group go on that a failure stopped.',
    body: ResumeBody,
  },
  reset: {
    ...action,
    operationId: 'resetTaskGroup',
    summary: 'Start a task group over',
    description: 'With any seed in the group, all but the seeds are deleted and the seeds reset; else all are reset.',
    body: AttemptsBody,
  },
  retry: {
    ...action,
    operationId: 'retryTaskGroup',
    summary: 'Retry what is not complete in a task group',
    description:
      'Sets the attempts of every incomplete task, makes the failed ones due now, and lets a group go on that a failure stopped.',
    body: GroupRetryBody,
  },
}

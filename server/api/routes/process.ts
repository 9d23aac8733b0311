import { Type } from 'typebox'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { sendJson, sendText } from '../present/send.ts'
import { type Answer, answers, json, text } from '../schemas/answers.ts'

/** How the process is: for load balancers, orchestrators and Prometheus. */
export function processRoutes(app: ApiInstance, deps: ApiDeps): void {
  app.get('/healthz', { schema: schemas.health, config: open }, async (_request, reply) => sendText(reply, 'Healthy!'))
  app.get('/livez', { schema: schemas.live, config: open }, async (_request, reply) => sendText(reply, 'Alive!'))
  app.get('/readyz', { schema: schemas.ready, config: open }, async (_request, reply) => {
    const { ready, detail } = await deps.readiness()
    return sendJson(reply.code(ready ? 200 : 503), JSON.stringify({ ready, detail }))
  })
  app.get('/metrics', { schema: schemas.metrics }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.metrics()),
  )
}

const open = { isOpen: true }
const tags = ['Process']
const readiness = Type.Object({
  ready: Type.Boolean(),
  detail: Type.Unknown({
    description:
      '`state`: `ready`, `stopping`, `read-only` (the storage is full) or `storage away`; `storage`; `lag`, the worst of the last minute in ms.',
  }),
})

const schemas = {
  health: {
    tags,
    operationId: 'getHealth',
    summary: 'Whether the process answers',
    security: [],
    response: answers(text('`Healthy!`'), []),
  },
  live: {
    tags,
    operationId: 'getLiveness',
    summary: 'Whether the process is up',
    security: [],
    response: answers(text('`Alive!`'), []),
  },
  ready: {
    tags,
    operationId: 'getReadiness',
    summary: 'Whether the storage can be written and work is taken',
    security: [],
    response: { 200: json('It is ready.', readiness), 503: json('It is not.', readiness) } satisfies Record<
      number,
      Answer
    >,
  },
  metrics: {
    tags,
    operationId: 'getMetrics',
    summary: 'Figures in the text format of Prometheus',
    response: answers(text('The figures.'), ['unauthorized']),
  },
}

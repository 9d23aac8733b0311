import { Type } from 'typebox'
import { workerName } from './fields.ts'
import { orNull } from './named.ts'
import { headers } from './worker.ts'

const url = orNull(
  Type.String({ format: 'uri' }),
  'Where it is POSTed to; null is the base URL with the channel behind it.',
)
const isPaused = Type.Boolean({ description: 'Held by hand, until somebody resumes it.' })
const requestConfig = Type.Object({ headers })

/** An operator of Crew v1: the settings of a worker. */
export const Operator = Type.Object({
  id: Type.String({ description: 'The channel.' }),
  _id: Type.String({ description: 'The channel.' }),
  channel: workerName,
  url,
  requestConfig,
  isPaused,
})

const edit = {
  url: Type.Optional(url),
  requestConfig: Type.Optional(
    orNull(Type.Partial(requestConfig), 'Of what v1 took, the headers alone; null is none.'),
  ),
  isPaused: Type.Optional(isPaused),
  id: Type.Optional(Type.Unsafe<unknown>({ description: 'Ignored, as are `_id` and `createdAt`.' })),
  _id: Type.Optional(Type.Unsafe<unknown>({})),
  createdAt: Type.Optional(Type.Unsafe<unknown>({})),
}

/** A new operator, and a change of one: core/operator-edit checks them. */
export const OperatorInput = Type.Object({ channel: workerName, ...edit }, { additionalProperties: false })
export const OperatorEdit = Type.Object(
  { channel: Type.Optional(workerName), ...edit },
  { additionalProperties: false, description: 'What is left out stays.' },
)

import { Type } from 'typebox'
import { PagingQuery } from './queries.ts'

const MAX_FILTER = 256
const filter = (description: string) => Type.String({ maxLength: MAX_FILTER, description })

/** One thing that somebody did. */
export const Activity = Type.Object({
  id: Type.String(),
  at: Type.String({ format: 'date-time' }),
  actor: Type.String({
    description: 'A user, `token:` and what the token is called, or `anyone` where login is off.',
  }),
  action: Type.String({ description: 'The `operationId` of what was asked for.' }),
  target: Type.Object({
    kind: Type.String({ description: '`task`, `taskGroup`, `workgroup`, `worker`, `schedule`, `user`, `token`, …' }),
    id: Type.String({ description: 'Its id or name; empty where there is only one of the kind.' }),
  }),
  summary: Type.String({ description: 'What was done, and which fields were set.' }),
  requestId: Type.String({ description: 'The log says more under it.' }),
})

export const ActivityQuery = Type.Partial(
  Type.Object({
    ...PagingQuery.properties,
    actor: filter('Only what this user or token did.'),
    action: filter('Only this operation.'),
    target: filter('Only what was done to this: a part of `kind:id`, letter case ignored.'),
  }),
)

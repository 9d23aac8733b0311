import { type Static, Type } from 'typebox'
import { MAX_VIEW_NAME_LENGTH, MAX_VIEW_QUERY_LENGTH, VIEW_QUERY_PATTERN } from '../../core/saved-view.ts'

const name = Type.String({
  minLength: 1,
  maxLength: MAX_VIEW_NAME_LENGTH,
  description: 'Of one owner each is another.',
})
const query = Type.String({
  maxLength: MAX_VIEW_QUERY_LENGTH,
  pattern: VIEW_QUERY_PATTERN.source,
  description: 'What stands behind the `?` of the list in the web UI, percent-encoded: `state=failed&q=nightly`.',
})
const isShared = Type.Boolean({ description: 'Everybody sees it; needs the role operator.' })

/** A look at the list of groups that is kept under a name. */
export const SavedView = Type.Object({
  id: Type.String(),
  name,
  query,
  owner: Type.String({ description: 'Who saved it: a user, or `token:` and what the token is called.' }),
  isShared,
  isOwn: Type.Boolean({ description: 'Whoever asks is its owner.' }),
  createdAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time' }),
})

export const NewViewBody = Type.Object({ name, query, isShared }, { required: ['name', 'query'] })
export type NewViewBody = Static<typeof NewViewBody>
export const ViewEditBody = Type.Partial(Type.Object({ name, query, isShared }))

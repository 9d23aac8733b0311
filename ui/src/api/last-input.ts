import { queryOptions } from '@tanstack/react-query'
import { prettyText } from '../lib/pretty-json.ts'
import { rawFields } from '../lib/raw-fields.ts'
import { callForText } from './client.ts'

/**
 * The input of the task that a group runs last: the text that is stored, as its numbers would be rounded otherwise, and the same
 * indented. Read when a form of it opens.
 */
export const lastInputOf = (groupId: string) =>
  queryOptions({
    queryKey: ['last input', groupId],
    queryFn: async ({ signal }) => {
      const group = rawFields(await callForText('getTaskGroup', { params: { id: groupId } }, signal))
      const stored = rawFields(group.get('finally') ?? 'null').get('input') ?? 'null'
      return { stored, shown: prettyText(stored) }
    },
    gcTime: 0,
  })

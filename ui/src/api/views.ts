import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type Input } from './client.ts'
import { slowInterval } from './live.ts'

/** More than anybody sees: 50 of one's own, and 1000 in all. */
const ALL = 1000

/** The own views of the list of groups, then those that others share. */
export const savedViews = queryOptions({
  queryKey: ['views'],
  queryFn: ({ signal }) => call('listViews', { query: { pageSize: ALL } }, signal),
  refetchInterval: slowInterval,
})

/** What can be done to saved views. */
export type ViewAction =
  | { readonly kind: 'save'; readonly view: Input<'createView'>['body'] }
  | { readonly kind: 'change'; readonly id: string; readonly edit: Input<'updateView'>['body'] }
  | { readonly kind: 'delete'; readonly id: string }

export function useViewAction() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: ViewAction): Promise<unknown> => actOnView(action),
    onSuccess: () => client.invalidateQueries({ queryKey: savedViews.queryKey }),
  })
}

function actOnView(action: ViewAction): Promise<unknown> {
  switch (action.kind) {
    case 'save':
      return call('createView', { body: action.view })
    case 'change':
      return call('updateView', { params: { id: action.id }, body: action.edit })
    case 'delete':
      return call('deleteView', { params: { id: action.id } })
  }
}

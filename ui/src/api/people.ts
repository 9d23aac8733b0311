import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { DEFAULT_PAGE_SIZE, type PageSearch } from '../lib/list-search.ts'
import { call, type Input } from './client.ts'
import { refreshAll } from './groups.ts'
import { slowInterval } from './live.ts'

export const userList = ({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['users', { page, pageSize }],
    queryFn: ({ signal }) => call('listUsers', { query: { page, pageSize } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: slowInterval,
  })

export const tokenList = ({ page = 1, pageSize = DEFAULT_PAGE_SIZE }: PageSearch) =>
  queryOptions({
    queryKey: ['tokens', { page, pageSize }],
    queryFn: ({ signal }) => call('listTokens', { query: { page, pageSize } }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: slowInterval,
  })

/** What can be done to users. */
export type UserAction =
  | { readonly kind: 'add'; readonly user: Input<'createUser'>['body'] }
  | { readonly kind: 'change'; readonly name: string; readonly edit: Input<'updateUser'>['body'] }
  | { readonly kind: 'delete'; readonly name: string }

export function useUserAction() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (action: UserAction): Promise<unknown> => actOnUser(action),
    onSuccess: () => refreshAll(client),
  })
}

function actOnUser(action: UserAction): Promise<unknown> {
  switch (action.kind) {
    case 'add':
      return call('createUser', { body: action.user })
    case 'change':
      return call('updateUser', { params: { name: action.name }, body: action.edit })
    case 'delete':
      return call('deleteUser', { params: { name: action.name } })
  }
}

/** This session stays; all others of the user end. */
export function useChangePassword() {
  return useMutation({
    mutationFn: (body: Input<'changeMyPassword'>['body']) => call('changeMyPassword', { body }),
    gcTime: 0,
  })
}

/** Its answer has the secret, and is kept by nobody but who asked. */
export function useCreateToken() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Input<'createToken'>['body']) => call('createToken', { body }),
    onSuccess: () => refreshAll(client),
    gcTime: 0,
  })
}

export function useRevokeToken(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call('deleteToken', { params: { id } }),
    onSuccess: () => refreshAll(client),
  })
}

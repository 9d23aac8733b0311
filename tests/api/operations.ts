import { type Role, roles } from '../../server/core/roles.ts'
import type { Api, Json } from './make-api.ts'

/** An operation of the OpenAPI document, so that tests over all routes cannot forget a new one. */
export interface Operation {
  readonly id: string
  readonly method: string
  /** Its parameters are all `none`. */
  readonly url: string
  /** Its address with the names of parameters in braces. */
  readonly path: string
  readonly role: Role | undefined
  readonly isOpen: boolean
}

export async function readOperations(api: Api): Promise<Operation[]> {
  const { paths } = await api.json('GET', '/openapi.json')
  return Object.entries<Json>(paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      url: path.replaceAll(/\{\w+\}/g, 'none'),
      path,
      role: operation['x-role'],
      isOpen: operation.security?.length === 0,
    })),
  )
}

/** They answer for as long as somebody listens. */
export const isFollowed = ({ id }: Operation): boolean => id === 'watchEvents' || id === 'followTopics'

/** A token of each role, as a header. */
export async function makeRoles(api: Api): Promise<Record<Role, { authorization: string }>> {
  const made = roles.map(async (role) => {
    const { secret } = await api.json('POST', '/api/v1/tokens', { name: role, role })
    return [role, { authorization: `Bearer ${secret}` }]
  })
  return Object.fromEntries(await Promise.all(made))
}

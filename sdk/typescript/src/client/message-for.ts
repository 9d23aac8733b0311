import { type Operations, routes } from '../api-types.ts'
import type { Message } from './connection.ts'

/** What an operation takes: what of path, query and body it has. */
export type Input<Name extends keyof Operations> = Omit<Operations[Name], 'answer'>
export type Output<Name extends keyof Operations> = Operations[Name]['answer']

export interface AnyInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
}

/** What an operation sends. */
export function messageFor(name: keyof Operations, { params = {}, query = {}, body }: AnyInput): Message {
  const [method = 'GET', path = ''] = routes[name].split(' ')
  const filled = path.replace(/\{(\w+)\}/g, (_all, field: string) => encodeURIComponent(params[field] ?? ''))
  const search = new URLSearchParams()
  for (const [field, value] of Object.entries(query)) if (value !== undefined) search.set(field, String(value))
  return {
    method,
    path: `${filled}${search.size > 0 ? `?${search}` : ''}`,
    body: body === undefined ? null : JSON.stringify(body),
  }
}

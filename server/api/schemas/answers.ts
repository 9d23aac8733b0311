import { type TSchema, Type } from 'typebox'
import { type ErrorCode, errorCatalogue } from '../../core/errors.ts'
import { named } from './named.ts'

/** One answer of a route, as OpenAPI has it. */
export type Answer =
  | { readonly description: string; readonly content: Readonly<Record<string, { schema: TSchema }>> }
  | { readonly description: string; readonly type: 'null' }

export const json = (description: string, schema: TSchema): Answer => ({
  description,
  content: { 'application/json': { schema } },
})

export const text = (description: string, mediaType = 'text/plain'): Answer => ({
  description,
  content: { [mediaType]: { schema: Type.String() } },
})

/** An answer without a body. */
export const nothing = (description: string): Answer => ({ description, type: 'null' })

/** What every route may refuse that reads a JSON body. */
export const bodyRefusals = [
  'invalid_json',
  'json_too_deep',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
  'too_many_requests',
] as const satisfies readonly ErrorCode[]

/** What every route may refuse that works with the storage, behind the login. */
export const commonRefusals = [
  'unauthorized',
  'forbidden',
  'too_many_requests',
  'storage_unavailable',
  'shutting_down',
] as const satisfies readonly ErrorCode[]

/** The answers of a route: its success, and the problems with their codes by status. */
export function answers(success: Answer, refusals: readonly ErrorCode[], status = 200): Record<string, Answer> {
  return { [status]: success, ...problems(refusals), default: problem('Anything else, like `internal`.') }
}

function problems(codes: readonly ErrorCode[]): Record<string, Answer> {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorCatalogue[code].status)
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, problem(group.map(sentence).join(' '))]))
}

const sentence = (code: ErrorCode): string => `\`${code}\`: ${errorCatalogue[code].title}.`

function problem(description: string): Answer {
  return { description, content: { 'application/problem+json': { schema: named('Problem') } } }
}

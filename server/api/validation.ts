import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { CrewError, type Fault } from '../core/errors.ts'
import { didYouMean } from '../core/nearest-word.ts'

/**
 * Checks queries and bodies. Bodies are taken as they are, `"5"` is no number; in a query everything is text, so what
 * the schema calls a number or a flag is read from it. A missing body counts as `{}`: all fields absent.
 *
 * Not checked: a body given by reference, which is a task or a group, whose rules core has (core/task-input); and the
 * parameters of a path, which are any text: what cannot exist is not found, like what does not.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'params' || '$ref' in schema) return (value: unknown) => ({ value })
  const read = httpPart === 'body' ? (value: unknown) => value ?? {} : queryReader(schema)
  // Compiled when first needed: forty schemas are felt at the start of the server.
  let check: Validator | undefined
  return (raw: unknown) => {
    const value = read(raw)
    check ??= Compile(schema)
    const long = tooLong(schema, value)
    if (long.length > 0) return { error: invalidRequest(long) }
    return check.Check(value) ? { value } : { error: invalidRequest(faultsIn(check.Errors(value), schema)) }
  }
}

/** Lists over their limit. Asked first: to find what is wrong with each of a million items takes seconds. */
function tooLong(schema: TSchema, value: unknown): Fault[] {
  const properties = 'properties' in schema ? (schema.properties as Record<string, { maxItems?: number }>) : {}
  return Object.entries(properties).flatMap(([name, { maxItems = Number.POSITIVE_INFINITY }]) => {
    const member: unknown = (value as Record<string, unknown> | null)?.[name]
    const isLong = Array.isArray(member) && member.length > maxItems
    return isLong ? [{ pointer: `/${name}`, detail: `expected at most ${maxItems} items` }] : []
  })
}

/** Nobody mends more at once, and a body may have a hundred thousand. */
const MAX_ERRORS = 100

const faultsIn = (errors: readonly TLocalizedValidationError[], schema: TSchema): Fault[] =>
  onePerPlace(errors.slice(0, MAX_ERRORS).flatMap((error) => faultsOf(error, schema)))

/** What is of the wrong type also breaks every other rule: the first says enough. */
function onePerPlace(faults: readonly Fault[]): Fault[] {
  return faults.filter(({ pointer }, at) => faults.findIndex((fault) => fault.pointer === pointer) === at)
}

/** A refusal that names the faults; its detail says the first. */
export function invalidRequest(faults: readonly Fault[]): CrewError {
  const [first] = faults
  const more = faults.length > 1 ? ` And ${faults.length - 1} more.` : ''
  const where = first === undefined || first.pointer === '' ? 'The body' : first.pointer
  return new CrewError('invalid_request', `${where}: ${first?.detail ?? 'not valid'}.${more}`, faults)
}

/** Throws when there are any. */
export function refuseFaults(faults: readonly Fault[]): void {
  if (faults.length > 0) throw invalidRequest(faults)
}

/** An empty parameter is none: forms send those that were left out. */
function queryReader(schema: TSchema): (raw: unknown) => unknown {
  const types = typesOf(schema)
  return (raw) => {
    const all = Object.entries((raw ?? {}) as Record<string, unknown>)
    const given = all.filter(([name, value]) => value !== '' || !types.has(name))
    return Object.fromEntries(given.map(([name, value]) => [name, readText(value, types.get(name))]))
  }
}

function typesOf(schema: TSchema): ReadonlyMap<string, string> {
  const properties =
    'properties' in schema ? Object.entries(schema.properties as Record<string, { type?: string }>) : []
  return new Map(properties.map(([name, { type = '' }]) => [name, type]))
}

const INTEGER = /^-?\d{1,15}$/

/** Text that is not of the type stays as it is, for the check to refuse. */
function readText(value: unknown, type: string | undefined): unknown {
  if (typeof value !== 'string') return value
  if (type === 'integer' && INTEGER.test(value)) return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function faultsOf(error: TLocalizedValidationError, schema: TSchema): Fault[] {
  // Each unknown field is told by itself as well: its schema is `false`.
  if (error.keyword === 'additionalProperties') return []
  if (error.keyword === 'boolean')
    return [{ pointer: error.instancePath, detail: unknownField(error.instancePath, schema) }]
  if (error.keyword !== 'required') return [{ pointer: error.instancePath, detail: detailOf(error) }]
  return error.params.requiredProperties.map((name) => ({
    pointer: `${error.instancePath}/${name}`,
    detail: 'is required',
  }))
}

/** Says which fields there are, where the schema tells: a field that is misspelt would otherwise be looked for in the documentation. */
function unknownField(pointer: string, schema: TSchema): string {
  const path = pointer.split('/').slice(1)
  const written = path.at(-1) ?? ''
  const known = fieldsAt(schema, path.slice(0, -1))
  const meant = written.length <= MAX_MEANT_LENGTH ? didYouMean(written, known) : ''
  return `is no field here${meant}${known.length > 0 ? `: expected ${known.join(', ')}` : ''}`
}

/** Longer names are nobody's slip of the finger, and comparing them takes time. */
const MAX_MEANT_LENGTH = 64

function fieldsAt(schema: TSchema, path: readonly string[]): string[] {
  let at: unknown = schema
  for (const name of path) at = (at as { properties?: Record<string, unknown> } | undefined)?.properties?.[name]
  return Object.keys((at as { properties?: object } | undefined)?.properties ?? {})
}

const ARTICLES: Readonly<Record<string, string>> = { array: 'an array', integer: 'an integer', object: 'a JSON object' }

function detailOf(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'type': {
      const type = String(error.params.type)
      return type === 'boolean' ? 'expected true or false' : `expected ${ARTICLES[type] ?? `a ${type}`}`
    }
    case 'minimum':
      return `expected ${error.params.limit} or more`
    case 'exclusiveMinimum':
      return `expected more than ${error.params.limit}`
    case 'maximum':
      return `expected at most ${error.params.limit}`
    case 'minLength':
      return error.params.limit === 1 ? 'must not be empty' : `expected at least ${error.params.limit} characters`
    case 'maxLength':
      return `expected at most ${error.params.limit} characters`
    case 'enum':
      return `expected one of ${error.params.allowedValues.join(', ')}`
    default:
      return error.message
  }
}

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { CrewError, type Fault } from '../core/errors.ts'

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
    return check.Check(value)
      ? { value }
      : { error: invalidRequest(onePerPlace(check.Errors(value).flatMap(faultsOf))) }
  }
}

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

function faultsOf(error: TLocalizedValidationError): Fault[] {
  if (error.keyword !== 'required') return [{ pointer: error.instancePath, detail: detailOf(error) }]
  return error.params.requiredProperties.map((name) => ({
    pointer: `${error.instancePath}/${name}`,
    detail: 'is required',
  }))
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
    case 'maximum':
      return `expected at most ${error.params.limit}`
    case 'minLength':
      return 'must not be empty'
    case 'maxLength':
      return `expected at most ${error.params.limit} characters`
    case 'enum':
      return `expected one of ${error.params.allowedValues.join(', ')}`
    default:
      return error.message
  }
}

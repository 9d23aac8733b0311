// Writes the types of the API from the OpenAPI document that the server serves: `npm run api-types`. The web UI and the SDK have them
// each, for the SDK is published alone.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOpenApi } from './openapi-document.ts'

export const API_TYPES_FILES = ['ui/src/api/operations.ts', 'sdk/typescript/src/api-types.ts'].map((file) =>
  join(import.meta.dirname, '..', file),
)

type Schema = Readonly<{
  $ref?: string
  type?: string
  enum?: readonly unknown[]
  const?: unknown
  anyOf?: readonly Schema[]
  allOf?: readonly Schema[]
  items?: Schema
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  additionalProperties?: Schema | boolean
  patternProperties?: Readonly<Record<string, Schema>>
  description?: string
}>
type Content = Readonly<Record<string, { readonly schema?: Schema }>>
type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: Schema }
type Operation = Readonly<{
  operationId: string
  'x-role'?: string
  parameters?: readonly Parameter[]
  requestBody?: { readonly content: Content }
  responses: Readonly<Record<string, { readonly content?: Content }>>
}>
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** The types as source text: one for each named schema, and the operations with what each takes and answers. */
export async function apiTypes(): Promise<string> {
  const { paths, components }: Document = JSON.parse(await readOpenApi())
  const operations = Object.entries(paths)
    .filter(([path]) => !path.startsWith('/api/v1/task_group/{gid}/')) // crew-go's second address of the same tasks
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  return `// Made by \`npm run api-types\` from the OpenAPI document of the server. Not to be changed by hand.

${Object.entries(components.schemas).map(namedType).join('\n\n')}

/** What each operation takes and answers. */
export interface Operations {
${operations.map(({ operation }) => `  ${operation.operationId}: ${operationType(operation)}`).join('\n')}
}

/** Where each operation is. */
export const routes = {
${operations.map(({ path, method, operation }) => `  ${operation.operationId}: '${method.toUpperCase()} ${path.slice(1)}',`).join('\n')}
} as const satisfies Record<keyof Operations, string>

/** The role that each operation needs; what is missing needs no login. */
export const neededRoles = {
${operations.flatMap(({ operation }) => roleLine(operation)).join('\n')}
} as const satisfies Partial<Record<keyof Operations, Me['role']>>
`
}

const roleLine = ({ operationId, 'x-role': role }: Operation): string[] =>
  role === undefined ? [] : [`  ${operationId}: '${role}',`]

const namedType = ([name, schema]: [string, Schema]): string =>
  schema.properties ? `export interface ${name} ${typeOf(schema)}` : `export type ${name} = ${typeOf(schema)}`

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const parts = [
    ['params', fields(parameters, 'path')],
    ['query', fields(parameters, 'query')],
    ['body', bodyOf(requestBody?.content)],
    ['answer', bodyOf(responses['200']?.content) ?? 'undefined'],
  ]
  const given = parts.filter(([, type]) => type !== null)
  return `{ ${given.map(([name, type]) => `${name}: ${type}`).join('; ')} }`
}

function fields(parameters: readonly Parameter[], place: string): string | null {
  const taken = parameters.filter((each) => each.in === place)
  if (taken.length === 0) return null
  return `{ ${taken.map((each) => `${each.name}${each.required ? '' : '?'}: ${typeOf(each.schema)}`).join('; ')} }`
}

function bodyOf(content: Content | undefined): string | null {
  if (!content) return null
  const schema = content['application/json']?.schema
  return schema ? typeOf(schema) : 'string'
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? 'unknown'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((word) => (typeof word === 'string' ? `'${word}'` : String(word))).join(' | ')
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.allOf) return `(${schema.allOf.map(typeOf).join(' & ')})`
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

function objectType({ properties, required = [], patternProperties, additionalProperties }: Schema): string {
  if (!properties) {
    const values = Object.values(patternProperties ?? {})[0] ?? additionalProperties
    return `Readonly<Record<string, ${typeof values === 'object' ? typeOf(values) : 'unknown'}>>`
  }
  const lines = Object.entries(properties).map(
    ([name, each]) => `  readonly ${name}${required.includes(name) ? '' : '?'}: ${typeOf(each)}`,
  )
  return `{\n${lines.join('\n')}\n}`
}

if (import.meta.main) {
  const types = await apiTypes()
  for (const file of API_TYPES_FILES) writeFileSync(file, types)
}

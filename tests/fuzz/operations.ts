/** As much of JSON Schema as the document uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly pattern?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxProperties?: number
}

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
}

/** What the document says of one answer. */
export interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

/** An OpenAPI document, as it is served. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Described {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, Response>>
  readonly security?: readonly unknown[]
  readonly 'x-role'?: Role
}

export type Role = 'viewer' | 'operator' | 'admin'

/** One operation of the document. */
export interface Operation {
  readonly id: string
  /** In capitals. */
  readonly method: string
  readonly path: string
  readonly query: readonly Parameter[]
  readonly headers: readonly Parameter[]
  readonly body: Schema | null
  readonly responses: Readonly<Record<string, Response>>
  /** Needs no login. */
  readonly isOpen: boolean
  readonly role: Role | null
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      query: (described.parameters ?? []).filter((one) => one.in === 'query'),
      headers: (described.parameters ?? []).filter((one) => one.in === 'header'),
      body: described.requestBody?.content['application/json']?.schema ?? null,
      responses: described.responses,
      isOpen: described.security?.length === 0,
      role: described['x-role'] ?? null,
    })),
  )
}

/** The schema behind a reference. */
export function resolve(schema: Schema, { components }: Document): Schema {
  if (schema.$ref === undefined) return schema
  const found = components.schemas[schema.$ref.replace('#/components/schemas/', '')]
  if (found === undefined) throw new Error(`the document holds no ${schema.$ref}`)
  return found
}

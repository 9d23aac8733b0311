import { Compile, type Validator } from 'typebox/schema'
import { type ErrorCode, errorCatalogue } from '../../server/core/errors.ts'
import { type Document, type Operation, type Role, resolve, type Schema } from './operations.ts'
import type { FuzzRequest } from './requests.ts'

/** What came back. */
export interface FuzzAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Judges answers by what the document says of them. */
export class Judge {
  readonly #document: Document
  readonly #checks = new Map<Schema, Validator>()

  constructor(document: Document) {
    this.#document = document
  }

  /** What is wrong with the answer, in a sentence; null: nothing. */
  faultOf(request: FuzzRequest, answer: FuzzAnswer): string | null {
    if (answer.status >= 500) return `${answer.status}, which nobody provoked`
    const wanted = refusalOfLogin(request)
    if (wanted !== null && answer.status !== wanted) return `${answer.status} although it may not: expected ${wanted}`
    return answer.status >= 400 ? this.#faultOfRefusal(request, answer) : this.#faultOfSuccess(request, answer)
  }

  #faultOfRefusal(request: FuzzRequest, { status, headers, text }: FuzzAnswer): string | null {
    const type = headers['content-type']
    if (type !== 'application/problem+json; charset=utf-8') return `a refusal of type ${String(type)}`
    // HEAD has no body to look at.
    if (request.method === 'HEAD') return null
    const problem: unknown = parsed(text)
    const { Problem = {} } = this.#document.components.schemas
    return this.#faultOfValue(Problem, problem) ?? faultOfProblem(request, status, headers, problem as Problem)
  }

  #faultOfSuccess({ operation, method }: FuzzRequest, { status, headers, text }: FuzzAnswer): string | null {
    if (method === 'HEAD' || method === 'OPTIONS') return text === '' ? null : `${method} was answered with a body`
    if (method !== operation.method) return null
    const said = operation.responses[status]
    if (said === undefined) return `${status} is not in the document`
    const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(said.content ?? {})
    if (!String(headers['content-type'] ?? '').startsWith(type)) return `of type ${String(headers['content-type'])}`
    return type === 'application/json' ? this.#faultOfValue(schema, parsed(text)) : null
  }

  #faultOfValue(schema: Schema, value: unknown): string | null {
    if (value === undefined) return 'its body is no JSON'
    let check = this.#checks.get(schema)
    if (check === undefined) {
      check = Compile(this.#closed(schema) as never)
      this.#checks.set(schema, check)
    }
    if (check.Check(value)) return null
    const [, errors] = check.Errors(value)
    return `not as documented: ${JSON.stringify(errors.slice(0, 3))}`
  }

  /** The schema with every reference in place, in which no object has a member that the document does not name. */
  #closed(given: Schema): Schema {
    const { allOf, ...schema } = resolve(given, this.#document) as Schema & { allOf?: readonly Schema[] }
    if (allOf) return this.#closed(merged(allOf.map((one) => resolve(one, this.#document))))
    const { properties, items, anyOf, additionalProperties } = schema
    const isOpen = additionalProperties !== undefined || Object.keys(properties ?? {}).length === 0
    return {
      ...schema,
      ...(properties && { properties: mapped(properties, (one) => this.#closed(one)) }),
      ...(items && { items: this.#closed(items) }),
      ...(anyOf && { anyOf: anyOf.map((one) => this.#closed(one)) }),
      ...(typeof additionalProperties === 'object' && { additionalProperties: this.#closed(additionalProperties) }),
      ...(properties && !isOpen && { additionalProperties: false }),
    }
  }
}

const mapped = (of: Readonly<Record<string, Schema>>, change: (schema: Schema) => Schema): Record<string, Schema> =>
  Object.fromEntries(Object.entries(of).map(([name, schema]) => [name, change(schema)]))

const merged = (parts: readonly Schema[]): Schema => ({
  type: 'object',
  properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
  required: parts.flatMap(({ required = [] }) => required),
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Problem {
  readonly status: number
  readonly code: ErrorCode
  readonly title: string
  readonly type: string
  readonly detail: string
  readonly instance: string
}

function faultOfProblem(
  { operation, method }: FuzzRequest,
  status: number,
  headers: FuzzAnswer['headers'],
  problem: Problem,
): string | null {
  const { code, detail } = problem
  const known = errorCatalogue[code]
  if (known.status !== status || problem.status !== status) return `${code} with ${status} and ${problem.status}`
  if (problem.title !== known.title || problem.type !== `/docs/errors#${code}`) return `${code} is called otherwise`
  if (detail === '' || problem.instance === '') return 'a problem that says nothing'
  if (/node_modules|\.ts:|\bat \w+ \(|\/home\/|\/tmp\//.test(detail)) return `tells what is inside: ${detail}`
  if (status === 401 && headers['www-authenticate'] !== 'Bearer') return '401 without WWW-Authenticate'
  if (status === 405 && headers.allow === undefined) return '405 without Allow'
  if (status === 429 && !Number(headers['retry-after'])) return '429 without Retry-After'
  return method === operation.method ? faultOfCode(operation, status, code) : null
}

/** Refusals of every address, before its operation is asked. */
const everywhere: readonly ErrorCode[] = ['route_not_found', 'method_not_allowed']
/** And of every body that nobody asked for. */
const ofBodies: readonly ErrorCode[] = ['unsupported_media_type', 'body_too_large', 'invalid_json', 'json_too_deep']

function faultOfCode({ body, headers, responses }: Operation, status: number, code: ErrorCode): string | null {
  if (everywhere.includes(code) || (body === null && ofBodies.includes(code))) return null
  // What a header is refused by stands where the header does.
  const said = [responses[status], ...headers].map((one) => one?.description ?? '')
  return said.some((text) => text.includes(`\`${code}\``)) ? null : `${status} ${code} is not documented`
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

/** What a login that is wrong, or may too little, has to be answered with; null: it may. */
function refusalOfLogin({ operation, method, login }: FuzzRequest): 401 | 403 | null {
  if (operation.isOpen || method !== operation.method) return null
  if (login === null) return 401
  return ranks[login] < ranks[operation.role ?? 'viewer'] ? 403 : null
}

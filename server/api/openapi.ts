import swagger from '@fastify/swagger'
import { MAX_KEY_LENGTH } from '../core/idempotency.ts'
import type { ApiInstance } from './api-deps.ts'
import { takesKey } from './idempotency.ts'

/** Makes `app.swagger()` answer the OpenAPI document of all routes that are registered after this. */
export async function registerOpenApi(app: ApiInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Crew', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'This server' }],
      tags,
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'crew_session' },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, i) => String(json.$id ?? `def-${i}`) },
  })
}

const description = `Crew keeps graphs of tasks, POSTs each task that is ready to a webhook worker and applies the
answer.

Times are RFC 3339 in UTC. Ids are chosen by the caller or, left out, made by the server. Lists are paged. Every error
is \`application/problem+json\` with a stable \`code\`; \`/docs/errors\` lists them.`

const tags = [
  { name: 'Task groups', description: 'A group holds a graph of tasks.' },
  {
    name: 'Tasks',
    description: 'A task is one call of a worker, repeated until it succeeds or its attempts are used up.',
  },
  { name: 'Workgroups', description: 'What shares one rate limit, held together.' },
  { name: 'Workers', description: 'Who does the tasks: how each is called, how fast, and how it goes.' },
  { name: 'Traffic', description: 'What bounds all tasks together.' },
  { name: 'Schedules', description: 'Create a task group at each time of a cron pattern.' },
  { name: 'Notifications', description: 'Who is told what becomes of task groups.' },
  { name: 'Polling workers', description: 'Workers that fetch their tasks, as those of Crew v1 do.' },
  { name: 'Operators', description: 'Settings of workers, in the words of Crew v1.' },
  { name: 'Long-running workers', description: 'Attempts that were answered with 202, and are finished later.' },
  { name: 'Bulk operations', description: 'One thing done to many tasks or groups, after a look at whom it meets.' },
  { name: 'Errors', description: 'What tasks fail by, sorted by kind.' },
  { name: 'Live', description: 'Hints about what changes. What they name can be read again.' },
  { name: 'Login', description: 'Sessions for a day, and who one is.' },
  { name: 'People', description: 'Users with passwords, and tokens for programs. For admins.' },
  { name: 'Views', description: 'Looks at the list of task groups that people keep, and share.' },
  { name: 'Activity', description: 'Who did what.' },
  { name: 'Process', description: 'How the server is.' },
]

const keyDescription = `Makes it safe to send the request again: the answer is kept for 24 hours and given again, with
\`Idempotency-Replayed: true\`. A key is of its caller and the address. With another body it is refused (422
\`idempotency_key_reused\`), as it is while the first request is under way (409 \`idempotency_key_in_use\`). Where the answer was too
large or too secret to be kept: 409 \`idempotency_answer_not_kept\`. A string of structured fields or bare, 1 to
${MAX_KEY_LENGTH} printable ASCII characters, else 400 \`invalid_idempotency_key\`.`

/** As every POST takes it (idempotency.ts), it stands here once. */
const keyParameter: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: keyDescription,
  schema: { type: 'string', minLength: 1, maxLength: 2 * MAX_KEY_LENGTH + 2 },
}

/** The document as text, once all routes are known. */
export function openApiJson(app: ApiInstance): string {
  const document = app.swagger() as unknown as Document
  for (const [url, { post, put }] of Object.entries(document.paths)) {
    if (post && takesKey('POST', url)) post.parameters = [...(post.parameters ?? []), keyParameter]
    for (const operation of [post, put]) if (operation?.requestBody) freeBody(operation.requestBody, document)
  }
  return JSON.stringify(document)
}

/** A body without a required field may be left out altogether; the generator calls every body required. */
function freeBody(body: Body, { components }: Document): void {
  const schema = body.content['application/json']?.schema
  const name = schema?.$ref?.replace('#/components/schemas/', '')
  body.required = (name === undefined ? schema : components.schemas[name])?.required !== undefined
}

/** As much of a document as is touched here. */
interface Document {
  readonly paths: Readonly<Record<string, { readonly post?: Operation; readonly put?: Operation }>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}
type Operation = { readonly requestBody?: Body; parameters?: readonly Parameter[] }
type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema: object
}
type Body = { required?: boolean; readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
type Schema = { readonly $ref?: string; readonly required?: readonly string[] }

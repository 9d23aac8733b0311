import swagger from '@fastify/swagger'
import type { ApiInstance } from './api-deps.ts'

/** Makes `app.swagger()` answer the OpenAPI document of all routes that are registered after this. */
export async function registerOpenApi(app: ApiInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Crew', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'This server' }],
      tags,
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
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
  { name: 'Live', description: 'Hints about what changes. What they name can be read again.' },
  { name: 'Login', description: 'One user, tokens for a day.' },
  { name: 'Process', description: 'How the server is.' },
]

/** The document as text, once all routes are known. */
export function openApiJson(app: ApiInstance): string {
  const document = app.swagger() as unknown as Document
  for (const { post, put } of Object.values(document.paths)) {
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
type Operation = { readonly requestBody?: Body }
type Body = { required?: boolean; readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
type Schema = { readonly $ref?: string; readonly required?: readonly string[] }

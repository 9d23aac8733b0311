import { describe, expect, test } from 'vitest'
import { errorCatalogue } from '../../server/core/errors.ts'
import { type Api, type Json, makeApi } from './make-api.ts'

async function makeDocument(): Promise<{ api: Api; document: Json; operations: Operation[] }> {
  const api = await makeApi()
  const answer = await api.call('GET', '/openapi.json', { headers: { authorization: '' } })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
  const document = answer.json()
  const operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  return { api, document, operations }
}

type Operation = { path: string; method: string; operation: Json }

/** Pages and the demo workers: not for programs. */
const undocumented = [
  'GET /',
  'GET /*',
  'GET /docs',
  'GET /docs/errors',
  'GET /docs/start.js',
  'GET /docs/swagger-ui-bundle.js',
  'GET /docs/swagger-ui.css',
  'GET /favicon.svg',
]

/** Every row of the wire's table of routes that is served so far. */
const wire = [
  'GET /healthz',
  'GET /livez',
  'GET /readyz',
  'GET /metrics',
  'GET /openapi.json',
  'POST /login',
  'POST /logout',
  'GET /authcheck',
  'GET /api/v1/me',
  'PUT /api/v1/me/password',
  'GET /api/v1/users',
  'POST /api/v1/attempt/{token}/complete',
  'POST /api/v1/attempt/{token}/fail',
  'POST /api/v1/attempt/{token}/heartbeat',
  'GET /api/v1/channels',
  'POST /api/v1/channel/{channel}/acquire',
  'GET /api/v1/operators',
  'POST /api/v1/operators',
  'GET /api/v1/operator/{id}',
  'PUT /api/v1/operator/{id}',
  'DELETE /api/v1/operator/{id}',
  'POST /api/v1/task/{tid}/release',
  'POST /api/v1/users',
  'PUT /api/v1/user/{name}',
  'DELETE /api/v1/user/{name}',
  'GET /api/v1/tokens',
  'POST /api/v1/tokens',
  'DELETE /api/v1/token/{id}',
  'GET /api/v1/views',
  'POST /api/v1/views',
  'PUT /api/v1/view/{id}',
  'DELETE /api/v1/view/{id}',
  'GET /api/v1/activity',
  'GET /api/v1/overview',
  'GET /api/v1/system',
  'POST /api/v1/clean',
  'GET /api/v1/task_groups',
  'POST /api/v1/task_groups',
  'POST /api/v1/task_groups/graph',
  'GET /api/v1/task_group/{id}',
  'PUT /api/v1/task_group/{id}',
  'DELETE /api/v1/task_group/{id}',
  'GET /api/v1/task_group/{id}/tasks',
  'POST /api/v1/task_group/{id}/tasks',
  'POST /api/v1/task_group/{id}/tasks/batch',
  'GET /api/v1/task_group/{id}/graph',
  'GET /api/v1/task_group/{id}/attempts',
  'GET /api/v1/task_group/{id}/why',
  'GET /api/v1/task_group/{id}/progress',
  'POST /api/v1/task_group/{id}/reset',
  'POST /api/v1/task_group/{id}/retry',
  'POST /api/v1/task_group/{id}/pause',
  'POST /api/v1/task_group/{id}/resume',
  ...['/api/v1/task/{tid}', '/api/v1/task_group/{gid}/task/{tid}'].flatMap((url) => [
    `GET ${url}`,
    `PUT ${url}`,
    `DELETE ${url}`,
    `POST ${url}/reset`,
    `POST ${url}/retry`,
  ]),
  'GET /api/v1/task/{tid}/attempts',
  'GET /api/v1/task/{tid}/why',
  'POST /api/v1/task/{tid}/pluck',
  'GET /api/v1/task/{tid}/request',
  'GET /api/v1/workgroups',
  'GET /api/v1/workgroup/{name}',
  'PUT /api/v1/workgroup/{name}',
  'GET /api/v1/workgroup/{name}/holds',
  'POST /api/v1/workgroup/{name}/pause',
  'POST /api/v1/workgroup/{name}/resume',
  'GET /api/v1/workers',
  'GET /api/v1/worker/{name}',
  'PUT /api/v1/worker/{name}',
  'DELETE /api/v1/worker/{name}',
  'GET /api/v1/worker/{name}/history',
  'POST /api/v1/worker/{name}/pause',
  'POST /api/v1/worker/{name}/resume',
  'POST /api/v1/worker/{name}/test',
  'GET /api/v1/traffic',
  'PUT /api/v1/traffic',
  'GET /api/v1/schedules',
  'GET /api/v1/schedule/{id}',
  'PUT /api/v1/schedule/{id}',
  'DELETE /api/v1/schedule/{id}',
  'GET /api/v1/notifications',
  'PUT /api/v1/notifications',
  'POST /api/v1/schedule/{id}/pause',
  'POST /api/v1/schedule/{id}/resume',
  'POST /api/v1/schedule/{id}/run',
  'GET /api/v1/schedule/{id}/next',
  'GET /api/v1/bulk',
  'POST /api/v1/bulk',
  'GET /api/v1/bulk/{id}',
  'POST /api/v1/bulk/{id}/stop',
  'POST /api/v1/bulk/{id}/continue',
  'GET /api/v1/errors',
  'GET /api/v1/error/{fingerprint}',
  'GET /api/v1/events',
  'GET /api/v1/live',
  'GET /api/v1/task_group/{gid}/stream/{token}',
]

const nameOf = ({ path, method }: Operation): string => `${method.toUpperCase()} ${path}`

describe('the OpenAPI document', () => {
  test('is of version 3.1 and says what it is about', async () => {
    const { document } = await makeDocument()
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(document.info).toMatchObject({ title: 'Crew', version: '1.2.3' })
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer' },
      session: { type: 'apiKey', in: 'cookie', name: 'crew_session' },
    })
    expect(document.security).toEqual([{ bearer: [] }, { session: [] }])
  })

  test('says of every POST of the API, but for callbacks, that it takes an Idempotency-Key', async () => {
    const { operations } = await makeDocument()
    const taking = operations.filter(({ operation }) =>
      operation.parameters?.some((one: Json) => one.name === 'Idempotency-Key' && one.in === 'header'),
    )
    const posts = wire.filter((name) => /^POST \/api\/v1\/(?!attempt\/)/.test(name))
    expect(taking.map(nameOf).sort()).toEqual(posts.sort())
  })

  test('lists exactly the routes of the wire', async () => {
    const { operations } = await makeDocument()
    expect(operations.map(nameOf).sort()).toEqual([...wire].sort())
  })

  test('lists exactly the routes that are served, but for the pages', async () => {
    const { api, operations } = await makeDocument()
    const documented = new Set(operations.map((one) => nameOf(one).replace(/\{\w+\}/g, ':')))
    const served = routesOf(api.app.printRoutes({ commonPrefix: false }))
    expect(served.filter((route) => !documented.has(route)).sort()).toEqual(undocumented)
    expect([...documented].filter((route) => !served.includes(route))).toEqual([])
  })

  test('gives every operation a name, a sentence and a known tag', async () => {
    const { document, operations } = await makeDocument()
    const tags = document.tags.map((tag: { name: string }) => tag.name)
    const names = operations.map(({ operation }) => operation.operationId)
    expect(new Set(names).size).toBe(operations.length)
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/^[A-Z].{5,}/)
      expect(tags).toContain(operation.tags[0])
    }
  })

  test('describes every parameter of a path and every answer', async () => {
    const { operations } = await makeDocument()
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((one: { in: string }) => one.in === 'path')
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(inPath.map((one: { name: string }) => one.name).sort()).toEqual(named.sort())
      for (const one of operation.parameters ?? [])
        expect([one.name, typeof one.description]).toEqual([one.name, 'string'])
      for (const [status, answer] of Object.entries<Json>(operation.responses)) {
        expect(answer.description).not.toMatch(/^Default Response/)
        const isProblem = status === 'default' || (Number(status) >= 400 && path !== '/readyz')
        if (isProblem) expect(Object.keys(answer.content)).toEqual(['application/problem+json'])
      }
    }
  })

  test('refers only to schemas that it holds', async () => {
    const { document } = await makeDocument()
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref)
    const held = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect([...new Set(refs)].filter((ref) => !held.includes(ref ?? ''))).toEqual([])
    expect(held.filter((ref) => !refs.includes(ref))).toEqual([])
    expect(JSON.stringify(document)).not.toContain('nullable')
  })

  test('knows every code of the error catalogue', async () => {
    const { document } = await makeDocument()
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(errorCatalogue))
  })

  test('asks for a body only where one is needed', async () => {
    const { operations } = await makeDocument()
    const required = operations.filter(({ operation }) => operation.requestBody?.required === true)
    expect(required.map(nameOf).sort()).toEqual([
      'POST /api/v1/channel/{channel}/acquire',
      'POST /api/v1/clean',
      'POST /api/v1/operators',
      'POST /api/v1/task/{tid}/release',
      'POST /api/v1/task_group/{id}/tasks',
      'POST /api/v1/task_group/{id}/tasks/batch',
      'POST /api/v1/task_groups/graph',
      'POST /api/v1/tokens',
      'POST /api/v1/users',
      'POST /api/v1/views',
      'POST /login',
      'PUT /api/v1/me/password',
      'PUT /api/v1/notifications',
    ])
  })

  test('has the fields that answers have', async () => {
    const { api, document } = await makeDocument()
    const {
      BulkOperation,
      BulkPreview,
      Overview,
      System,
      Task,
      TaskGraph,
      TaskGroup,
      TaskSummary,
      Traffic,
      Why,
      Cleaning,
      Worker,
      Workgroup,
    } = document.components.schemas
    const group = await api.json('POST', '/api/v1/task_groups', { id: 'g' })
    const task = await api.json('POST', '/api/v1/task_group/g/tasks', { worker: 'w', workgroup: 'x' })
    const workgroup = await api.json('GET', '/api/v1/workgroup/x')
    const worker = await api.json('GET', '/api/v1/worker/w')
    const traffic = await api.json('GET', '/api/v1/traffic')
    const graph = await api.json('GET', '/api/v1/task_group/g/graph')
    const list = await api.json('GET', '/api/v1/task_group/g/tasks?payloads=false')
    const overview = await api.json('GET', '/api/v1/overview')
    const system = await api.json('GET', '/api/v1/system')
    const cleaning = await api.json('POST', '/api/v1/clean', { dryRun: true })
    const why = await api.json('GET', `/api/v1/task/${task.id}/why`)
    const preview = await api.json('POST', '/api/v1/bulk', { dryRun: true, action: 'pause', target: 'tasks', ids: [] })
    const operation = await api.json('POST', '/api/v1/bulk', { snapshot: preview.snapshot })
    for (const [schema, answer] of [
      [BulkPreview, preview],
      [BulkOperation, operation],
      [Traffic, traffic],
      [Why, why],
      [Overview, overview],
      [Overview.properties.groups, overview.groups],
      [System, system],
      [Cleaning, cleaning],
      [System.properties.retention, system.retention],
      [System.properties.storage, system.storage],
      [Task, task],
      [TaskGraph, graph],
      [TaskSummary, list.tasks[0]],
      [TaskGroup, group],
      [Worker, worker],
      [Workgroup, workgroup],
    ]) {
      expect(Object.keys(schema.properties)).toEqual(Object.keys(answer))
      expect(schema.required).toEqual(Object.keys(answer))
    }
  })
})

/** `METHOD /path` of every route in Fastify's drawing of them, without HEAD and the names of parameters. */
function routesOf(drawing: string): string[] {
  const routes: string[] = []
  const path: string[] = []
  for (const line of drawing.split('\n')) {
    const [, lead = '', part = '', methods] = /^([│├└─ ]*)(\S.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line) ?? []
    if (part === '') continue
    const depth = lead.length / 4
    path.splice(depth - 1, path.length, part)
    for (const method of methods?.split(', ') ?? [])
      if (method !== 'HEAD') routes.push(`${method} ${path.join('').replace(/:[\w|:]+/g, ':')}`)
  }
  return routes
}

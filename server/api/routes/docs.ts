import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { ApiInstance } from '../api-deps.ts'
import { loadDocsAssets } from '../docs-assets.ts'
import { openApiJson } from '../openapi.ts'
import { errorsPage } from '../pages/errors-page.ts'
import { sendPage } from '../pages/layout.ts'
import { sendHtml, sendJson } from '../present/send.ts'
import { answers, json } from '../schemas/answers.ts'
import { docsPolicy } from '../security-headers.ts'

/** The OpenAPI document, a page to try it, and what the errors mean. They hold no data, so they need no login. */
export function docsRoutes(app: ApiInstance): void {
  let document: string | undefined
  app.get('/openapi.json', { schema: openapiSchema, config: { isOpen: true } }, async (_request, reply) => {
    document ??= openApiJson(app)
    return sendJson(reply, document)
  })
  app.get('/docs', page, async (_request, reply) =>
    sendHtml(reply.header('content-security-policy', docsPolicy), docsPage),
  )
  app.get('/docs/start.js', page, async (_request, reply) => sendAsset(reply, 'text/javascript', startScript))
  app.get('/docs/swagger-ui.css', page, async (_request, reply) =>
    sendAsset(reply, 'text/css', (await loadDocsAssets()).css),
  )
  app.get('/docs/swagger-ui-bundle.js', page, async (_request, reply) =>
    sendAsset(reply, 'text/javascript', (await loadDocsAssets()).js),
  )
  app.get('/docs/errors', page, async (_request, reply) =>
    sendPage(reply, { title: 'Errors of Crew', body: errorsPage() }),
  )
}

const page = { schema: { hide: true }, config: { isOpen: true } }

const openapiSchema = {
  tags: ['Process'],
  operationId: 'getOpenApi',
  summary: 'This document',
  security: [],
  response: answers(json('OpenAPI 3.1.', Type.Object({}, { additionalProperties: true })), []),
}

/** An upgrade of the server changes the assets, so they are kept for an hour only. */
function sendAsset(reply: FastifyReply, type: string, content: string): FastifyReply {
  return reply.header('cache-control', 'public, max-age=3600').type(`${type}; charset=utf-8`).send(content)
}

const docsPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crew API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`

const startScript = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#api',
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
})
`

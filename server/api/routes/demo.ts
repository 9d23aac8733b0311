import type { FastifyRequest } from 'fastify'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'

/**
 * The demo workers at `/demo/*`: workers like any other, which happen to be answered by the same process. Without
 * login, as the server calls them itself. They read their bodies on their own, so every body passes as bytes.
 */
export function demoRoutes(app: ApiInstance, { demo, maxBodyBytes }: ApiDeps): void {
  if (demo === undefined) return
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: maxBodyBytes },
      async (_request: unknown, body: unknown) => body,
    )
    scope.all('/demo/*', { schema: { hide: true }, config: { isOpen: true } }, async (request, reply) => {
      const answer = await demo(webRequest(request))
      for (const [name, value] of answer.headers) reply.header(name, value)
      return reply.code(answer.status).send(Buffer.from(await answer.arrayBuffer()))
    })
  })
}

function webRequest({ method, url, headers, body }: FastifyRequest): Request {
  const pairs = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    [value ?? []].flat().map((one) => [name, one]),
  )
  const bytes = Buffer.isBuffer(body) ? { body: new Uint8Array(body) } : {}
  return new Request(`http://localhost${url}`, { method, headers: pairs, ...bytes })
}

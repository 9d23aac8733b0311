import type { FastifyReply, FastifyRequest } from 'fastify'
import { CrewError } from '../core/errors.ts'
import type { ApiInstance } from './api-deps.ts'
import { sendProblem } from './problem.ts'
import { isPageRequest } from './routes/ui.ts'

/**
 * Answers what no route took: 405 with `Allow` where the path has other methods, else 404. Fastify's router says only
 * that nothing matched, so the paths are collected here; there are some forty, and only strays are looked up.
 */
export function registerKnownPaths(app: ApiInstance, sendIndex: SendIndex): void {
  const paths = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = paths.get(url) ?? new Set(['OPTIONS'])
    for (const one of [method].flat()) methods.add(one)
    paths.set(url, methods)
  })
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    // An address of the web UI, which the page itself understands, or says that it does not.
    isPageRequest(request)
      ? sendIndex(request, reply)
      : answerStray(request, reply, methodsAt(paths, pathOf(request.url)))
  app.setNotFoundHandler(answer)
  // Before the body is read, which Fastify does at any address: nobody has said who he is, and megabytes would be parsed for him.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answer(request, reply)
    else done()
  })
}

type SendIndex = (request: FastifyRequest, reply: FastifyReply) => FastifyReply

function answerStray(request: FastifyRequest, reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  if (allowed.length === 0) return sendProblem(noSuchRoute(), request, reply)
  reply.header('allow', allowed.join(', '))
  if (request.method === 'OPTIONS') return reply.code(204).send()
  const refusal = new CrewError('method_not_allowed', `${request.method} is not allowed here: ${allowed.join(', ')}.`)
  return sendProblem(refusal, request, reply)
}

function noSuchRoute(): CrewError {
  return new CrewError('route_not_found', 'Nothing answers at this address: /docs lists what does.')
}

function methodsAt(paths: ReadonlyMap<string, ReadonlySet<string>>, path: string): string[] {
  for (const [pattern, methods] of paths) if (matches(pattern, path)) return [...methods].sort()
  return []
}

/** Whether a path fits a route's pattern: `:name` takes one part, a final `*` the rest. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.at(-1) === '*') return wanted.slice(0, -1).every((part, i) => part === given[i])
  return wanted.length === given.length && wanted.every((part, i) => part === given[i] || isParameter(part, given[i]))
}

const isParameter = (part: string, given: string | undefined): boolean => part.startsWith(':') && given !== ''

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url

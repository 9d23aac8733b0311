import type { FastifyReply, FastifyRequest } from 'fastify'
import { CrewError } from '../../core/errors.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { escapeHtml, sendPage } from '../pages/layout.ts'
import { sendHtml } from '../present/send.ts'
import { uiPolicy } from '../security-headers.ts'
import { etagOf, type UiFile, type UiFiles } from '../ui-files.ts'

/** The name of a file holds a hash of what is in it, so another content has another name. */
const FOR_EVER = 'public, max-age=31536000, immutable'
/** Kept, but asked for again each time: a 304 then, unless the server was upgraded. */
const REVALIDATED = 'no-cache'

const page = { schema: { hide: true }, config: { isOpen: true } }

/** The files of the web UI. They hold no data, so they need no login. */
export function uiRoutes(app: ApiInstance, deps: ApiDeps): void {
  const sendIndex = indexSender(deps)
  app.get('/', page, async (request, reply) => sendIndex(request, reply))
  app.get('/favicon.svg', page, async (request, reply) => sendFile(request, reply, deps.ui?.files.get('favicon.svg')))
  app.get<{ Params: { '*': string } }>('/assets/*', page, async (request, reply) =>
    sendFile(request, reply, deps.ui?.files.get(`assets/${request.params['*']}`)),
  )
}

/** Answers the page that every address of the UI begins with, or says that there is none. */
export function indexSender({ ui, basePath = '/', auth, version }: ApiDeps) {
  if (!ui)
    return (_request: FastifyRequest, reply: FastifyReply) =>
      sendPage(reply, { title: 'Crew', body: notBuilt(version) })
  const html = fillIn(ui, basePath, { version, auth: auth.kind })
  const etag = etagOf(html)
  return (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({ 'content-security-policy': uiPolicy, 'cache-control': REVALIDATED, etag })
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return sendHtml(reply, html)
  }
}

/** Whether a browser asks for a page, at an address that no program asks at. */
export function isPageRequest({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '') && !/^\/(api|docs|demo|assets)(\/|$)/.test(url)
}

/** JSON in a page: `</script>` would end it. */
function fillIn({ index }: UiFiles, basePath: string, config: object): string {
  const json = JSON.stringify(config).replaceAll('<', '\\u003c')
  return index.replace('{{base}}', () => escapeHtml(basePath)).replace('"{{config}}"', () => json)
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: UiFile | undefined): FastifyReply {
  if (file === undefined) throw new CrewError('route_not_found', 'The web UI has no such file: it was built anew.')
  const isHashed = request.url.startsWith('/assets/')
  reply.headers({ 'cache-control': isHashed ? FOR_EVER : REVALIDATED, etag: file.etag, vary: 'accept-encoding' })
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const accepted = String(request.headers['accept-encoding'] ?? '')
  if (file.br && /\bbr\b/.test(accepted)) return reply.header('content-encoding', 'br').type(file.type).send(file.br)
  if (file.gzip && /\bgzip\b/.test(accepted))
    return reply.header('content-encoding', 'gzip').type(file.type).send(file.gzip)
  return reply.type(file.type).send(file.plain)
}

const notBuilt = (version: string): string => `<h1>Crew ${escapeHtml(version)}</h1>
<p>This server runs graphs of tasks. Its web UI was not built: <code>npm run build:ui</code> builds it, <code>npm start</code>
does so by itself. The API is at <a href="docs">docs</a>.</p>`

import type { FastifyRequest } from 'fastify'
import { CrewError } from '../core/errors.ts'
import { JSON_LIMITS, JsonDepthError, JsonSizeError, JsonSyntaxError, parseJson, RawJson } from '../core/raw-json.ts'
import { isObject } from '../core/task-input.ts'
import type { ApiInstance } from './api-deps.ts'
import { noteBody } from './idempotency-digests.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its body is a worker's answer, which is read as such, byte for byte: `bodyText`. */
    keepsText?: boolean
  }
  interface FastifyRequest {
    /** The body as it came; '' unless the route keeps it. */
    bodyText: string
  }
}

/** WIRE section 7: JSON at most 100 levels deep. */
const HOW = { maxDepth: 100, limits: JSON_LIMITS } as const
/** Opaque: kept as the bytes that came (WIRE section 1). */
const OPAQUE_KEYS: ReadonlySet<string> = new Set(['input', 'output'])
/** The last task of a group holds such members one level deeper than they are looked for: it is read as a text of its own. */
const LAST_TASK = 'finally'
const KEPT_KEYS: ReadonlySet<string> = new Set([...OPAQUE_KEYS, LAST_TASK])
/** And so is a template. */
const RAW_KEYS: ReadonlySet<string> = new Set([...KEPT_KEYS, 'template'])

/**
 * Reads bodies. Only application/json; no body at all is `undefined`. Fastify's own parser would decode numbers beyond
 * 2^53, accept bad UTF-8 as U+FFFD and take a million levels.
 */
export function registerJsonBody(app: ApiInstance, maxBodyBytes: number): void {
  app.decorateRequest('bodyText', '')
  app.removeAllContentTypeParsers()
  app.decorateRequest('bodyDigest', '')
  app.addHook('onRequest', refuseEncodings)
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    async (request: FastifyRequest, body: Buffer) => {
      if (request.routeOptions.config.keepsText) request.bodyText = body.toString('utf8')
      noteBody(request, body)
      return body.length === 0 ? undefined : parseBody(body)
    },
  )
}

/** Decoding gzip would let a small request become a large one. */
function refuseEncodings({ headers }: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') done()
  else done(new CrewError('unsupported_media_type', `Content-Encoding is ${encoding.slice(0, 40)}: send it as it is.`))
}

/** One JSON text; faults become problems with the position. */
export const parseBody = (bytes: Uint8Array): unknown =>
  refusing(() => withLastTask(parseJson(decodeUtf8(bytes), { ...HOW, rawKeys: RAW_KEYS })))

/** What was kept as text, read as a body: its own opaque members stay text. */
export const parseKept = ({ text }: RawJson): unknown =>
  refusing(() => withLastTask(parseJson(text, { ...HOW, rawKeys: KEPT_KEYS })))

function refusing(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new CrewError('invalid_json', error.message)
    if (error instanceof JsonDepthError) throw new CrewError('json_too_deep', error.message)
    if (error instanceof JsonSizeError) throw new CrewError('body_too_large', `${error.message}: send less at once.`)
    throw error
  }
}

function withLastTask(body: unknown): unknown {
  if (!isObject(body) || !Object.hasOwn(body, LAST_TASK)) return body
  const last = body[LAST_TASK]
  if (!(last instanceof RawJson)) return body
  return { ...body, [LAST_TASK]: parseJson(last.text, { ...HOW, rawKeys: OPAQUE_KEYS }) }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // The decoder has nothing to say but this, not even where.
    throw new CrewError('invalid_json', 'The body is not UTF-8.')
  }
}

import type { FastifyRequest } from 'fastify'
import { CrewError } from '../core/errors.ts'
import { JsonDepthError, JsonSyntaxError, parseJson } from '../core/raw-json.ts'
import type { ApiInstance } from './api-deps.ts'

/** WIRE section 7: JSON at most 100 levels deep. */
const MAX_DEPTH = 100
/** Opaque: kept as the bytes that came (WIRE section 1). */
const RAW_KEYS: ReadonlySet<string> = new Set(['input', 'output'])

/**
 * Reads bodies. Only application/json; no body at all is `undefined`. Fastify's own parser would decode numbers beyond
 * 2^53, accept bad UTF-8 as U+FFFD and take a million levels.
 */
export function registerJsonBody(app: ApiInstance, maxBodyBytes: number): void {
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', refuseEncodings)
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    async (_request: FastifyRequest, body: Buffer) => (body.length === 0 ? undefined : parseBody(body)),
  )
}

/** Decoding gzip would let a small request become a large one. */
function refuseEncodings({ headers }: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') done()
  else done(new CrewError('unsupported_media_type', `Content-Encoding is ${encoding.slice(0, 40)}: send it as it is.`))
}

/** One JSON text; faults become problems with the position. */
export function parseBody(bytes: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(bytes), { maxDepth: MAX_DEPTH, rawKeys: RAW_KEYS })
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new CrewError('invalid_json', error.message)
    if (error instanceof JsonDepthError) throw new CrewError('json_too_deep', error.message)
    throw error
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // The decoder has nothing to say but this, not even where.
    throw new CrewError('invalid_json', 'The body is not UTF-8.')
  }
}

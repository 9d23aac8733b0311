import type { Socket } from 'node:net'

/** A request as it came over the wire. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly firstByteAt: number
  readonly lastByteAt: number
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Reads requests off a connection, one after another. Bodies have a Content-Length, as Crew's have. */
export function readRequests(socket: Socket, onRequest: (request: RawRequest) => void): void {
  let bytes = Buffer.alloc(0)
  let firstByteAt = 0
  socket.on('data', (chunk) => {
    if (bytes.length === 0) firstByteAt = performance.now()
    bytes = Buffer.concat([bytes, Buffer.from(chunk)])
    for (let taken = takeRequest(bytes); taken; taken = takeRequest(bytes)) {
      bytes = taken.rest
      onRequest({ ...taken.request, firstByteAt, lastByteAt: performance.now() })
    }
  })
}

type Taken = { readonly request: Omit<RawRequest, 'firstByteAt' | 'lastByteAt'>; readonly rest: Buffer<ArrayBuffer> }

function takeRequest(bytes: Buffer<ArrayBuffer>): Taken | null {
  const end = bytes.indexOf(END_OF_HEAD)
  if (end < 0) return null
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = new Map(lines.map(headerOf))
  const bodyAt = end + END_OF_HEAD.length
  const bodyEnd = bodyAt + Number(headers.get('content-length') ?? 0)
  if (bytes.length < bodyEnd) return null
  const body = Buffer.from(bytes.subarray(bodyAt, bodyEnd))
  return { request: { method, path, headers, body }, rest: Buffer.from(bytes.subarray(bodyEnd)) }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

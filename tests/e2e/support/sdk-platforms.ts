import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { LambdaEvent, LambdaResult } from 'crew-sdk/lambda'
import type { Until } from './crew.ts'
import { DEADLINE_MS } from './waiting.ts'

const EXAMPLES = join(import.meta.dirname, '../../../sdk/typescript/examples')

export const examplePath = (name: string): string => join(EXAMPLES, `${name}.ts`)

/** A request with its body, as platforms have read it before a worker sees it. */
export interface ReadRequest {
  readonly incoming: IncomingMessage
  readonly body: Buffer<ArrayBuffer>
}

/** What a platform does with a request. */
export type Platform = (request: ReadRequest, response: ServerResponse) => Promise<void>

/** One server that is every platform: the first part of the path says which. Answers its address. */
export async function servePlatforms(platforms: Readonly<Record<string, Platform>>, until: Until): Promise<string> {
  const listener: RequestListener = async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const platform = platforms[incoming.url?.split('/')[1] ?? '']
    if (platform) await platform({ incoming, body: Buffer.concat(chunks) }, response)
    else response.writeHead(404).end()
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  until(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What calls a web-standard handler: Cloudflare, Next.js. */
export const web =
  (handler: (request: Request) => Promise<Response>): Platform =>
  async (request, response) =>
    send(await handler(webRequest(request)), response)

/** What calls a Lambda through a function URL, which hands JSON over as text and all else as base64. */
export const lambda =
  (handler: (event: LambdaEvent) => Promise<LambdaResult>): Platform =>
  async ({ incoming, body }, response) => {
    const {
      statusCode,
      headers,
      body: answer,
    } = await handler({
      rawPath: incoming.url ?? '',
      rawQueryString: '',
      headers: headersOf(incoming),
      requestContext: { http: { method: incoming.method ?? '' } },
      body: body.toString('base64'),
      isBase64Encoded: true,
    })
    response.writeHead(statusCode, headers).end(answer)
  }

/** What calls a cloud function: the request has its body parsed and as it came. */
export const cloudFunction =
  (handler: (request: IncomingMessage & { rawBody: Buffer }, response: ServerResponse) => Promise<void>): Platform =>
  ({ incoming, body }, response) =>
    handler(Object.assign(incoming, { rawBody: body, body: JSON.parse(body.toString()) }), response)

/** A server of its own, to which requests are passed on. */
export const behind =
  (url: () => string): Platform =>
  async (request, response) => {
    const { incoming, body } = request
    const { host: _host, connection: _connection, ...headers } = headersOf(incoming)
    send(await fetch(url(), { method: 'POST', headers, body }), response)
  }

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

function webRequest({ incoming, body }: ReadRequest): Request {
  return new Request(`http://platform.test${incoming.url}`, { method: 'POST', headers: headersOf(incoming), body })
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
}

export interface ExampleProcess {
  /** Resolves with what the pattern's first group found in its output. */
  says(pattern: RegExp): Promise<string>
  term(): void
  readonly ended: Promise<number | string>
}

/** Starts an example as a user would. */
export function startExample(name: string, env: Readonly<Record<string, string>>, until: Until): ExampleProcess {
  const child = spawn(process.execPath, ['--no-env-file', examplePath(name)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  until(() => void child.kill('SIGKILL'))
  let output = ''
  const hear = (chunk: string): void => {
    output += chunk
    child.emit('said')
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  const ended = new Promise<number | string>((end) => child.once('close', (code, signal) => end(code ?? signal ?? '')))
  return { says: (pattern) => heard(child, () => output, pattern), term: () => void child.kill('SIGTERM'), ended }
}

async function heard(child: ChildProcess, output: () => string, pattern: RegExp): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  for (let found = pattern.exec(output()); ; found = pattern.exec(output())) {
    if (found) return found[1] ?? ''
    if (child.exitCode !== null) throw new Error(`the example ended without ${pattern}: ${output()}`)
    await Promise.race([once(child, 'said', { signal }), once(child, 'close', { signal })])
  }
}

import { field, textField } from '../contract/json.ts'
import { ClientError } from './client-error.ts'
import { plainText } from './plain-text.ts'

/** Asks a Crew server over HTTP; a failure is a ClientError. */
export interface CrewClient {
  readonly url: string
  get(path: string): Promise<unknown>
  post(path: string, body: unknown): Promise<unknown>
  put(path: string, body: unknown): Promise<unknown>
  delete(path: string): Promise<unknown>
}

export interface ClientOptions {
  readonly url: string
  readonly token?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly fetch: typeof fetch
}

/** A server that takes longer than this for such small questions is as good as away. */
const REQUEST_TIMEOUT_MS = 10_000

/** Connects: logs in when there is a password and no token. Without either, the server must have its auth switched off. */
export async function connect(options: ClientOptions): Promise<CrewClient> {
  const url = parseUrl(options.url)
  const call = { ...options, url }
  const token = options.token || (await logIn(call))
  const ask = (method: string, path: string, body?: unknown) => request({ ...call, token, method, path, body })
  return {
    url,
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    put: (path, body) => ask('PUT', path, body),
    delete: (path) => ask('DELETE', path),
  }
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ClientError('refused', `"${plainText(text)}" is not a server's address: expected http://HOST:PORT.`)
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

async function logIn(call: ClientOptions): Promise<string> {
  if (!call.username || !call.password) return ''
  const body = { username: call.username, password: call.password }
  return textField(await request({ ...call, token: '', method: 'POST', path: '/login', body }), 'token', '')
}

interface Call extends ClientOptions {
  readonly token: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

async function request(call: Call): Promise<unknown> {
  const { response, text } = await send(call)
  const answer = parseJson(text)
  if (!response.ok) throw refusal(call, response.status, answer)
  if (answer === undefined) throw new ClientError('refused', `${call.url} does not answer as a Crew server does.`)
  return answer
}

/** Sends the request and reads the whole answer: a server that goes away half-way through it is away as well. */
async function send(call: Call): Promise<{ readonly response: Response; readonly text: string }> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  try {
    const response = await call.fetch(call.url + call.path, {
      method: call.method,
      headers: headersOf(call),
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    })
    return { response, text: await response.text() }
  } catch (error) {
    if (call.signal?.aborted) throw error
    const hint = 'start one with `npm start` (or `crew start --demo`), or give the right address with --url'
    throw new ClientError('unreachable', `No Crew server answers at ${call.url}: ${hint}.`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function headersOf(call: Call): Record<string, string> {
  return {
    accept: 'application/json',
    ...(call.body !== undefined && { 'content-type': 'application/json' }),
    ...(call.token !== '' && { authorization: `Bearer ${call.token}` }),
  }
}

function refusal(call: Call, status: number, answer: unknown): ClientError {
  if (status === 401) return new ClientError('unauthorized', unauthorized(call), status)
  const what = textField(
    answer,
    'detail',
    textField(answer, 'title', String(field(answer, 'error') ?? 'no reason given')),
  )
  const message = `${call.method} ${call.url}${call.path} was answered with ${status}: ${plainText(what)}`
  return new ClientError(status === 429 || status >= 500 ? 'busy' : 'refused', message, status)
}

function unauthorized(call: Call): string {
  if (call.path === '/login') return `The server at ${call.url} does not know this user name and password.`
  const problem = call.token === '' ? 'wants a token' : 'does not accept this token'
  return `The server at ${call.url} ${problem}: set CREW_AUTH_TOKEN or pass --token.`
}

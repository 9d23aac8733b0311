import { notice } from './live.ts'
import { type Operations, routes } from './operations.ts'
import { ApiError, problemOf } from './problem.ts'
import { noteServerTime } from './server-clock.ts'

/** What an operation takes: what of path, query and body it has. */
export type Input<Name extends keyof Operations> = Omit<Operations[Name], 'answer'>
export type Answer<Name extends keyof Operations> = Operations[Name]['answer']

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** JSON text to be sent as it is, instead of `body`. */
  readonly rawBody?: string
}

/** Somebody who wants to know that the session is over. */
let whenLoggedOut: () => void = () => {}

export function onLoggedOut(listener: () => void): void {
  whenLoggedOut = listener
}

/** Calls an operation of the API and answers its parsed body; a refusal is thrown as an ApiError. */
export async function call<Name extends keyof Operations>(
  name: Name,
  input: Input<Name>,
  signal?: AbortSignal,
): Promise<Answer<Name>> {
  const text = await callForText(name, input, signal)
  return JSON.parse(text) as Answer<Name>
}

/** The same, but the body as it was sent: numbers beyond 2^53 are in there. */
export async function callForText(name: keyof Operations, input: AnyInput, signal?: AbortSignal): Promise<string> {
  const answer = await send(name, input, signal)
  if (!answer.ok) throw await refusal(answer)
  return answer.text()
}

async function send(name: keyof Operations, input: AnyInput, signal?: AbortSignal): Promise<Response> {
  const [method = 'GET', path = ''] = routes[name].split(' ')
  const body = input.rawBody ?? (input.body === undefined ? undefined : JSON.stringify(input.body))
  try {
    const answer = await fetch(new URL(addressOf(path, input), document.baseURI), {
      method,
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      ...(signal && { signal }),
    })
    notice.heard()
    noteServerTime(answer.headers.get('date'))
    return answer
  } catch (error) {
    if (signal?.aborted) throw error
    notice.noAnswer()
    throw new ApiError({ detail: 'The server does not answer: it is stopped, or the network is away.' })
  }
}

async function refusal(answer: Response): Promise<ApiError> {
  const problem = await problemOf(answer)
  if (problem.code === 'unauthorized') whenLoggedOut()
  return problem
}

/** Relative to the base of the page, so that a prefix before Crew is kept. */
export function addressOf(path: string, { params = {}, query = {} }: AnyInput): string {
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''))
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return search === '' ? filled : `${filled}?${search}`
}

/** The same call for a terminal. The body is quoted for a shell; the token is whoever pastes it's own. */
export function curlOf(name: keyof Operations, input: AnyInput): string {
  const [method = 'GET', path = ''] = routes[name].split(' ')
  const url = new URL(addressOf(path, input), document.baseURI).href
  const body = input.rawBody ?? (input.body === undefined ? undefined : JSON.stringify(input.body))
  const parts = [
    'curl -s',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    quote(url),
    `-H "Authorization: Bearer $TOKEN"`,
  ]
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quote(body)}`)
  return parts.join(' ')
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

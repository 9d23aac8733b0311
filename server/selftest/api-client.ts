import { Agent } from 'undici/index.js'

/** What a server answered. */
export interface ApiAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Calls a server with its token. */
export interface Api {
  /** The answer whatever its status; rejects when there is none. A body that is no string is sent as JSON. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  /** The body of a 200; anything else throws. */
  get<Body>(path: string): Promise<Body>
  post<Body>(path: string, body?: unknown): Promise<Body>
  put<Body>(path: string, body: unknown): Promise<Body>
  delete(path: string): Promise<void>
  close(): Promise<void>
}

const CALL_TIMEOUT_MS = 30_000

/**
 * A client of its own connections. Not `fetch`: Bun's sends a POST again when a kept-alive connection breaks, which would make
 * a killed server look as if it had done things twice.
 */
export function makeApi(url: string, token: string): Api {
  const agent = new Agent({
    connections: 64,
    allowH2: false,
    headersTimeout: CALL_TIMEOUT_MS,
    bodyTimeout: CALL_TIMEOUT_MS,
  })
  const call: Api['call'] = async (method, path, body) => {
    const isSent = body !== undefined
    const answer = await agent.request({
      origin: url,
      path,
      method: method as 'GET',
      headers: { authorization: `Bearer ${token}`, ...(isSent && { 'content-type': 'application/json' }) },
      ...(isSent && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  }
  const ok = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const { status, text } = await call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path} was answered with ${status}: ${text.slice(0, 500)}`)
    return JSON.parse(text) as Body
  }
  return {
    call,
    get: (path) => ok('GET', path),
    post: (path, body) => ok('POST', path, body),
    put: (path, body) => ok('PUT', path, body),
    delete: async (path) => void (await ok('DELETE', path)),
    close: () => agent.destroy(),
  }
}

/** What the tests look at in a task. */
export interface TaskJson {
  readonly id: string
  readonly taskGroupId: string
  readonly name: string
  readonly worker: string
  readonly workgroup: string
  readonly key: string
  readonly state: string
  readonly isPaused: boolean
  readonly isComplete: boolean
  readonly remainingAttempts: number
  readonly input: unknown
  readonly output: unknown
  readonly errors: readonly string[]
  readonly parentIds: readonly string[]
  readonly runAfter: string
  readonly createdAt: string
}

export interface AttemptJson {
  readonly number: number
  readonly startedAt: string
  readonly endedAt: string
  readonly durationMs: number
  readonly outcome: string
  readonly statusCode: number | null
  readonly error: string | null
  /** When the task is tried again; null when it is not. */
  readonly retryAt: string | null
  readonly deliveryId: string
}

export const readTask = (api: Api, id: string): Promise<TaskJson> => api.get(`/api/v1/task/${id}`)

/** Oldest first. */
export async function readAttempts(api: Api, id: string): Promise<AttemptJson[]> {
  const { attempts } = await api.get<{ attempts: AttemptJson[] }>(`/api/v1/task/${id}/attempts`)
  return attempts.reverse()
}

const PAGE = 10_000

/** Every task of a group. */
export async function listTasks(api: Api, groupId: string): Promise<TaskJson[]> {
  const all: TaskJson[] = []
  for (let page = 1; ; page++) {
    const path = `/api/v1/task_group/${groupId}/tasks?page=${page}&pageSize=${PAGE}`
    const { tasks, count } = await api.get<{ tasks: TaskJson[]; count: number }>(path)
    all.push(...tasks)
    if (tasks.length === 0 || all.length >= count) return all
  }
}

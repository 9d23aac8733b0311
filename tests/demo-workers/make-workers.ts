import { createDemoWorkers } from '../../demo-workers/demo-workers.ts'

/** Demo workers in a world where nothing takes time, chance is `random` and the clock stands where `clock` says. */
export function makeWorkers(options: { readonly random?: () => number } = {}) {
  const clock = { now: Date.parse('2026-11-22T10:00:00.000Z') }
  const slept: number[] = []
  const workers = createDemoWorkers({
    random: options.random ?? (() => 0.99),
    now: () => clock.now,
    sleep: async (ms) => void slept.push(ms),
  })
  const post = async (name: string, body: Readonly<Record<string, unknown>> = {}, deliveryId = 'delivery-1') => {
    const call = { input: null, worker: name, parents: [], taskId: 'task-1', workgroup: '', ...body }
    return readAnswer(await workers.handle(workerRequest(name, JSON.stringify(call), deliveryId)))
  }
  return { ...workers, clock, slept, post }
}

/** The POST of one attempt, as Crew sends it. */
export function workerRequest(name: string, body: string, deliveryId = 'delivery-1'): Request {
  return new Request(`http://crew.test/some/prefix/demo/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': deliveryId, 'webhook-id': deliveryId },
    body,
  })
}

export interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: Readonly<Record<string, unknown>>
}

async function readAnswer(response: Response): Promise<Answer> {
  const body = (await response.json()) as Readonly<Record<string, unknown>>
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
}

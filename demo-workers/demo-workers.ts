import { parseCall } from './contract/parse-call.ts'
import { json, toResponse } from './contract/replies.ts'
import type { DemoWorker, World } from './contract/worker.ts'
import { sleep } from './simulation/sleep.ts'
import { createAllWorkers } from './workers/all-workers.ts'

/** The demo workers as one web-standard handler, to be mounted at `/demo/` below any prefix. */
export interface DemoWorkers {
  handle(request: Request): Promise<Response>
  readonly names: string[]
}

/** Makes the demo workers. Chance, waiting and time can be handed in; the defaults are the real ones. */
export function createDemoWorkers(options: Partial<World> = {}): DemoWorkers {
  const world: World = { random: Math.random, sleep, now: Date.now, ...options }
  const workers = createAllWorkers(world)
  return {
    names: workers.map((worker) => worker.name),
    async handle(request) {
      const name = workerName(request)
      if (name === '') return list(request, workers)
      const worker = workers.find((candidate) => isNamed(candidate, name))
      if (!worker) return json(404, { error: `There is no demo worker "${name}": GET /demo/ lists them.` })
      if (request.method !== 'POST') return worker.administer?.(request, name) ?? methodNotAllowed(request, 'POST')
      return run(worker, request)
    },
  }
}

const MOUNT = '/demo/'

/** What follows `/demo/` in the path: the last one, since the prefix may hold anything. */
function workerName(request: Request): string {
  const path = `${new URL(request.url).pathname}/`
  const start = path.lastIndexOf(MOUNT)
  const name = start < 0 ? path : path.slice(start + MOUNT.length)
  return name.replace(/\/+$/, '')
}

/** A name with a star is that of everything below. */
function isNamed({ name }: DemoWorker, wanted: string): boolean {
  return name.endsWith('/*') ? wanted.startsWith(name.slice(0, -1)) : name === wanted
}

function list(request: Request, workers: readonly DemoWorker[]): Response {
  if (request.method !== 'GET') return methodNotAllowed(request, 'GET')
  return json(200, { workers: workers.map(({ name, about }) => ({ name, about })) })
}

function methodNotAllowed(request: Request, allowed: string): Response {
  return json(405, { error: `${request.method} is not understood here, only ${allowed}.` }, { allow: allowed })
}

async function run(worker: DemoWorker, request: Request): Promise<Response> {
  const call = await parseCall(request)
  if (!call) return json(400, { error: 'The body is not a JSON object: Crew POSTs {"input", "taskId", "parents", …}.' })
  try {
    return toResponse(await worker.run(call))
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) })
  }
}

import { createDemoWorkers } from '../../../demo-workers/demo-workers.ts'
import { workerRequest } from '../make-workers.ts'
import { problem } from '../tiny-crew-api.ts'

interface TinyTask {
  readonly id: string
  readonly worker: string
  readonly workgroup: string
  readonly remainingAttempts: number
  readonly errors: string[]
  isComplete: boolean
}

interface Graph {
  readonly id: string
  readonly tasks: readonly TinyTask[]
}

const TICK_MS = 100

/**
 * As much of Crew as a storm asks, in simulated time: in each tick one task of each worker is called and tried again until it
 * succeeds. It protects nothing, so the storm's promises hold only where nothing is asked of it.
 */
export function createTinyStorm() {
  const clock = { now: Date.parse('2026-11-22T10:00:00.000Z') }
  const tasks: TinyTask[] = []
  const requests: string[] = []
  const workers = createDemoWorkers({ now: () => clock.now, sleep: async () => {}, random: () => 0.5 })
  let groupId = ''

  async function advance(ms: number): Promise<void> {
    for (const end = clock.now + ms; clock.now < end; clock.now += TICK_MS) {
      for (const worker of new Set(tasks.map((task) => task.worker))) await callNext(worker)
    }
  }

  async function callNext(worker: string): Promise<void> {
    const task = tasks.find((candidate) => candidate.worker === worker && !candidate.isComplete)
    if (!task) return
    const { status } = await workers.handle(workerRequest(worker, JSON.stringify({ worker, taskId: task.id })))
    if (status === 200) task.isComplete = true
    else if (status !== 429) task.errors.push(`HTTP ${status}: not now`)
  }

  function create(graph: Graph): Response {
    groupId = graph.id
    tasks.push(...graph.tasks.map((task) => ({ ...task, isComplete: false, errors: [] })))
    return Response.json({ id: groupId })
  }

  function answer(method: string, path: string): Response {
    const group = `/api/v1/task_group/${groupId}`
    if (method === 'DELETE' || method === 'PUT') return Response.json({})
    if (path.startsWith('/api/v1/worker/') || path.startsWith('/api/v1/workgroup/'))
      return problem(404, 'Nobody names it.')
    if (path === group) return Response.json({ state: tasks.every((task) => task.isComplete) ? 'succeeded' : 'active' })
    if (path === `${group}/tasks?pageSize=0`) return Response.json({ tasks: tasks.map(taskView), count: tasks.length })
    return problem(404, `There is nothing at ${path}.`)
  }

  const fakeFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname, search } = new URL(request.url)
    requests.push(`${request.method} ${decodeURIComponent(pathname)}`)
    if (pathname.startsWith('/demo/')) return workers.handle(request)
    if (pathname === '/api/v1/task_groups/graph') return create((await request.json()) as Graph)
    return answer(request.method, pathname + search)
  }
  return { clock, tasks, requests, advance, fetch: fakeFetch }
}

const taskView = ({ errors, remainingAttempts, ...task }: TinyTask) => ({
  ...task,
  errors,
  remainingAttempts: remainingAttempts - errors.length,
})

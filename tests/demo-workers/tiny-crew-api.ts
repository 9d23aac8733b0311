import type { TaskInput, TinyCrew, TinyTask } from './tiny-crew.ts'

/** The routes of Crew that a demo's client asks, over a tiny Crew. It keeps what it was asked. */
export function createTinyApi(crew: TinyCrew, options: { readonly token?: string } = {}) {
  const requests: { readonly method: string; readonly path: string; readonly authorization: string | null }[] = []
  const group = { id: '', name: '' }

  const answer = (method: string, path: string, body: unknown): Response => {
    if (path === '/login') return logIn(body, options.token ?? '')
    if (method === 'POST' && path === '/api/v1/task_groups/graph') {
      const graph = body as { id: string; name: string; tasks: readonly TaskInput[] }
      Object.assign(group, { id: graph.id, name: graph.name })
      crew.create(graph.tasks)
      return Response.json(groupView(crew, group))
    }
    if (path === '/api/v1/workgroups') return Response.json(workgroupsView(crew))
    if (group.id === '' || crew.tasks.size === 0) return problem(404, 'There is no such task group.')
    if (path === `/api/v1/task_group/${group.id}`) return Response.json(groupView(crew, group))
    if (path === `/api/v1/task_group/${group.id}/progress`) return Response.json(progressView(crew))
    if (path === `/api/v1/task_group/${group.id}/tasks?pageSize=0`) return Response.json(tasksView(crew))
    return problem(404, `There is nothing at ${path}.`)
  }

  const fakeFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname, search } = new URL(request.url)
    const authorization = request.headers.get('authorization')
    requests.push({ method: request.method, path: pathname + search, authorization })
    const needsToken = options.token !== undefined && pathname !== '/login'
    if (needsToken && authorization !== `Bearer ${options.token}`) return problem(401, 'A token is needed.')
    return answer(request.method, pathname + search, request.method === 'POST' ? await request.json() : undefined)
  }
  return { fetch: fakeFetch, requests }
}

/** An answer as Crew words its refusals. */
export function problem(status: number, detail: string): Response {
  return Response.json({ type: 'about:blank', title: 'Refused', status, detail, code: 'refused' }, { status })
}

function logIn(body: unknown, token: string): Response {
  const { username, password } = body as { username: string; password: string }
  return username === 'admin' && password === 'right' ? Response.json({ token }) : problem(401, 'Wrong password.')
}

function groupView(crew: TinyCrew, group: { id: string; name: string }) {
  const counts: Record<string, number> = {}
  for (const task of crew.tasks.values()) counts[crew.stateOf(task)] = (counts[crew.stateOf(task)] ?? 0) + 1
  return { ...group, state: crew.groupState(), counts }
}

function progressView(crew: TinyCrew) {
  const tasks = [...crew.tasks.values()]
  return { completedPercent: tasks.filter((task) => task.isComplete).length / tasks.length }
}

function tasksView(crew: TinyCrew) {
  const tasks = [...crew.tasks.values()].map((task) => taskView(crew, task))
  return { tasks, count: tasks.length }
}

function taskView(crew: TinyCrew, task: TinyTask) {
  const runAfter = task.runAfter === 0 ? '0001-01-01T00:00:00Z' : new Date(task.runAfter).toISOString()
  return { ...task, state: crew.stateOf(task), runAfter }
}

function workgroupsView(crew: TinyCrew) {
  const names = new Set([...crew.tasks.values()].map((task) => task.workgroup).filter((name) => name !== ''))
  const workgroups = [...names].map((name) => ({
    name,
    heldUntil: crew.heldUntil(name) === 0 ? '' : new Date(crew.heldUntil(name)).toISOString(),
    reason: 'rate limited',
    waiting: 3,
  }))
  const other = { name: 'somebody-else', heldUntil: '2099-01-01T00:00:00.000Z', reason: '' }
  return { workgroups: [...workgroups, other], count: workgroups.length + 1 }
}

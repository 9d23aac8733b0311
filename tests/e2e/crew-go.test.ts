import { expect, onTestFinished, test } from 'vitest'
import { openSocket } from '../api/listen.ts'
import { type Api, listTasks, makeApi, readTask, type TaskJson } from './support/api-client.ts'
import { type Crew, makeDir, startCrew } from './support/crew.ts'
import { type Delivery, type RecordingWorker, startWorker, type WorkerAnswer } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'

const PASSWORD = 'of the page'
const WORKER_TOKEN = 'of the workers'

interface CrewGo {
  readonly crew: Crew
  readonly worker: RecordingWorker
  /** What the page got when somebody logged in. */
  readonly token: string
  /** Calls with that. */
  readonly page: Api
}

/** A server with the settings of a deployment of crew-go, its workers, and its page after a login. */
async function startCrewGo(execute: (request: ExecuteRequest) => unknown = () => ({})): Promise<CrewGo> {
  const worker = await startWorker((delivery) => answerAsHttpWorker(delivery, execute))
  const env = {
    CREW_AUTH_USERNAME: 'admin',
    CREW_AUTH_PASSWORD: PASSWORD,
    CREW_WORKER_BASE_URL: `${worker.url}/execute/`,
    CREW_WORKER_AUTHORIZATION_HEADER: `Bearer ${WORKER_TOKEN}`,
    CREW_LOG_LEVEL: 'error',
  }
  const crew = await startCrew({ dir: makeDir(), env })
  const login = await crew.api.call('POST', '/login', { username: 'admin', password: PASSWORD })
  const { token } = JSON.parse(login.text) as { token: string }
  const page = makeApi(crew.url, token)
  onTestFinished(() => page.close())
  return { crew, worker, token, page }
}

/** What a worker of crew-go-javascript looks at. */
interface ExecuteRequest {
  readonly worker: string
  readonly input: unknown
  readonly taskId: string
  readonly parents: readonly { readonly taskId: string; readonly worker: string; readonly output: unknown }[]
}

/** It checks its token, and answers 200 whatever happened: what was thrown stands in `error`. */
function answerAsHttpWorker(
  { headers, body, path }: Delivery,
  execute: (request: ExecuteRequest) => unknown,
): WorkerAnswer {
  if (headers.get('authorization') !== `Bearer ${WORKER_TOKEN}`)
    return { status: 401, body: { error: 'Access token is invalid!' } }
  const { input, taskId, parents } = JSON.parse(body.toString())
  try {
    return { body: execute({ worker: path.slice('/execute/'.length), input, taskId, parents }) }
  } catch (error) {
    return { body: { error: (error as Error).message } }
  }
}

const finished = (page: Api, group: string) =>
  eventually('the group is complete', async () => {
    const { completedPercent } = await page.get<{ completedPercent: number }>(`/api/v1/task_group/${group}/progress`)
    return completedPercent === 1 && listTasks(page, group)
  })

type Frame = {
  readonly type: string
  readonly task?: TaskJson
  readonly taskGroup?: { readonly id: string; readonly isPaused: boolean }
}

test("crew-go's page logs in, makes a group, follows it live, and does all that its buttons do", async () => {
  let isBroken = true
  const { crew, token, page } = await startCrewGo(({ input }) => {
    if (isBroken) throw new Error('not yet')
    return { output: input }
  })
  expect((await page.call('GET', '/authcheck')).text).toBe('Authenticated!')
  expect((await makeStranger(crew).call('GET', '/authcheck')).status).toBe(401)
  const group = await page.post<{ id: string; name: string }>('/api/v1/task_groups', { id: '', name: 'From the page' })
  await page.post('/api/v1/task_groups', { name: 'Another' })
  const found = await page.get<{ taskGroups: object[]; count: number }>(
    '/api/v1/task_groups?page=1&pageSize=1&search=from',
  )
  expect(found).toMatchObject({ taskGroups: [{ id: group.id, name: 'From the page' }], count: 1 })

  const path = `/api/v1/task_group/${group.id}`
  const socket = await openSocket(`${crew.url.replace(/\/$/, '')}${path}/stream/${token}`)
  onTestFinished(() => socket.close())
  const frameOf = async (isIt: (frame: Frame) => boolean | undefined): Promise<Frame> => {
    for (;;) {
      const frame = (await socket.next()) as Frame
      if (isIt(frame)) return frame
    }
  }
  await page.post(`${path}/pause`)
  await frameOf(({ taskGroup }) => taskGroup?.isPaused)
  const task = {
    name: 'One',
    worker: 'worker-a',
    workgroup: '',
    key: '',
    remainingAttempts: 1,
    isPaused: false,
    isComplete: false,
  }
  const made = await page.post<TaskJson>(`${path}/tasks`, {
    ...task,
    id: '',
    isSeed: false,
    errorDelayInSeconds: 0,
    input: { n: 1 },
    parentIds: [],
  })
  expect(await frameOf(({ type }) => type === 'create')).toEqual({ type: 'create', task: made })
  await page.post(`${path}/tasks`, {
    ...task,
    name: 'Two',
    isSeed: true,
    input: 2,
    errorDelayInSeconds: 0,
    parentIds: [made.id],
  })
  expect(await page.get(`${path}/tasks?page=1&pageSize=20&search=two&skipCompleted=true`)).toMatchObject({
    tasks: [{ name: 'Two' }],
    count: 1,
  })
  expect(await page.get(`${path}/progress`)).toEqual({ completedPercent: 0 })

  await page.post(`${path}/resume`)
  const failed = await frameOf(({ task: told }) => told?.id === made.id && told.remainingAttempts === 0)
  expect(failed.task).toMatchObject({ errors: ['not yet'], isComplete: false })
  isBroken = false
  await page.post(`${path}/retry`, { remainingAttempts: 5 })
  await frameOf(({ task: told }) => told?.name === 'Two' && told.isComplete)
  expect((await finished(page, group.id)).map(({ output }) => output)).toEqual([{ n: 1 }, 2])

  await page.put(`/api/v1/task_group/${group.id}/task/${made.id}`, { ...made, name: 'Renamed', isComplete: true })
  await frameOf(({ task: told }) => told?.name === 'Renamed')
  await page.post(`${path}/task/${made.id}/reset`, { remainingAttempts: 3 })
  await finished(page, group.id)
  // With a seed in it the rest goes.
  await page.post(`${path}/reset`, { remainingAttempts: 2 })
  await frameOf(({ type, task: told }) => type === 'delete' && told?.id === made.id)
  expect((await finished(page, group.id)).map(({ name }) => name)).toEqual(['Two'])
  await page.delete(path)
  await frameOf(({ type, taskGroup }) => type === 'delete' && taskGroup?.id === group.id)
})

function makeStranger(crew: Crew): Api {
  const stranger = makeApi(crew.url, 'nobody')
  onTestFinished(() => stranger.close())
  return stranger
}

test('workers of crew-go-javascript get what they need, and their children, errors and delays do what they did', async () => {
  const tried = new Map<string, number>()
  const seen: ExecuteRequest[] = []
  const { page, worker } = await startCrewGo((request) => {
    seen.push(request)
    const times = (tried.get(request.taskId) ?? 0) + 1
    tried.set(request.taskId, times)
    if (request.worker === 'worker-b' && times === 1) throw new Error('once')
    if (request.worker !== 'worker-a') return { output: { by: request.worker } }
    const children = [
      { id: 'b', worker: 'worker-b', input: { from: 'a' }, errorDelayInSeconds: 0 },
      { id: 'c', worker: 'worker-c', parentIds: ['b'], workgroup: 'held' },
    ]
    return { output: 'started', children, childrenDelayInSeconds: 1, workgroupDelayInSeconds: 600 }
  })
  await page.post('/api/v1/task_groups/graph', {
    id: 'g',
    name: 'g',
    tasks: [{ id: 'a', worker: 'worker-a', workgroup: 'held', input: { x: [] } }],
  })
  const [first] = await worker.arrived('a')
  const [second] = await worker.arrived('b', 2)
  expect((second?.firstByteAt ?? 0) - (first?.answeredAt ?? 0)).toBeGreaterThanOrEqual(990)
  expect(seen[0]).toEqual({ worker: 'worker-a', taskId: 'a', input: { x: [] }, parents: [] })
  expect(seen[1]).toMatchObject({
    worker: 'worker-b',
    input: { from: 'a' },
    parents: [{ taskId: 'a', worker: 'worker-a', output: 'started' }],
  })
  const held = await eventually('c waits for its workgroup', async () => {
    const task = await readTask(page, 'c')
    return task.state === 'throttled' && task
  })
  expect(held.parentIds).toEqual(['b', 'a'])
  expect(await readTask(page, 'b')).toMatchObject({ errors: ['once'], isComplete: true, remainingAttempts: 4 })
  await page.post('/api/v1/workgroup/held/resume')
  expect((await finished(page, 'g')).map(({ output }) => output)).toEqual([
    'started',
    { by: 'worker-b' },
    { by: 'worker-c' },
  ])
})

import type { Api, TaskJson } from './api-client.ts'
import { type Crew, makeDir, startCrew } from './crew.ts'
import { type RecordingWorker, type Respond, startWorker } from './recording-worker.ts'

/** A server, its worker, and a group to create tasks in. */
export interface World {
  readonly crew: Crew
  readonly api: Api
  readonly worker: RecordingWorker
  readonly groupId: string
  createTask(task: object): Promise<TaskJson>
  /** The same server on the same storage again, with the same settings. */
  restart(): Promise<Crew>
}

/** Everything that most tests need; gone when the test is. */
export async function makeWorld(options: { respond?: Respond; env?: Record<string, string> } = {}): Promise<World> {
  const worker = await startWorker(options.respond)
  const start = { dir: makeDir(), env: { CREW_WORKER_BASE_URL: worker.url, ...options.env } }
  const crew = await startCrew(start)
  const { id: groupId } = await makeGroup(crew.api)
  return {
    crew,
    api: crew.api,
    worker,
    groupId,
    createTask: (task) => crew.api.post(`/api/v1/task_group/${groupId}/tasks`, { worker: 'any', ...task }),
    restart: () => startCrew(start),
  }
}

export const makeGroup = (api: Api, group: object = {}): Promise<{ id: string }> =>
  api.post('/api/v1/task_groups', { name: 'end to end', ...group })

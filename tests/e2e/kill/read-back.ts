import type { History } from '../../../server/selftest/history.ts'
import { type Api, type AttemptJson, listTasks, readAttempts, type TaskJson } from '../support/api-client.ts'
import { eventually, inLanes } from '../support/waiting.ts'

interface GroupJson {
  readonly id: string
  readonly state: string
}

const listGroups = (api: Api) => api.get<{ taskGroups: GroupJson[] }>('/api/v1/task_groups?pageSize=0')

/** Resolves when every group has succeeded. */
export async function everythingFinished(api: Api): Promise<void> {
  await eventually('every group is finished', async () => {
    const { taskGroups } = await listGroups(api)
    return taskGroups.every(({ state }) => state === 'succeeded')
  })
}

/** All tasks, with their attempts. */
export async function readEverything(api: Api): Promise<Pick<History, 'tasks' | 'attempts'>> {
  const tasks = new Map<string, TaskJson>()
  const attempts = new Map<string, AttemptJson[]>()
  const { taskGroups } = await listGroups(api)
  await inLanes(taskGroups, 8, async ({ id }) => {
    for (const task of await listTasks(api, id)) tasks.set(task.id, task)
  })
  await inLanes([...tasks.keys()], 16, async (id) => {
    attempts.set(id, await readAttempts(api, id))
  })
  return { tasks, attempts }
}

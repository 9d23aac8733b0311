import { Redis } from 'ioredis'
import type { CrewGoDocument } from '../../../server/core/crew-go-document.ts'

/** Where crew-go v1.0.5 keeps its tasks unless it is told otherwise. */
export const CREW_GO_DATABASE = 1

/** Writes groups and tasks with all the keys that crew-go keeps beside them, each task after its parents. */
export async function layOutStore(
  redis: { readonly host: string; readonly port: number; readonly database?: number },
  groups: readonly CrewGoDocument[],
  tasks: readonly CrewGoDocument[],
): Promise<void> {
  const client = new Redis({ host: redis.host, port: redis.port, db: redis.database ?? CREW_GO_DATABASE })
  const writes = client.pipeline()
  for (const { id, text } of groups) writes.set(`go-crew/task-groups/${id}`, text)
  for (const { id, text } of tasks) {
    writes.set(`go-crew/tasks/${id}`, text)
    for (const key of listsOf(text)) writes.lpush(key, id)
    if (text.includes('"busyExecuting":true')) writes.set(`go-crew/tasks/${id}/mutex`, 'bm90IEpTT04=')
  }
  await writes.exec()
  client.disconnect()
}

/** A document that is cut off is in no list: nobody can say which. */
function listsOf(text: string): string[] {
  if (!text.endsWith('}')) return []
  const { taskGroupId, key, workgroup, parentIds } = JSON.parse(text) as Record<string, string> & {
    parentIds: string[]
  }
  return [
    `go-crew/task-groups/${taskGroupId}/tasks`,
    ...(key ? [`go-crew/keys/${key}`] : []),
    ...(workgroup ? [`go-crew/workgroups/${workgroup}`] : []),
    ...parentIds.map((id) => `go-crew/tasks/${id}/children`),
  ]
}

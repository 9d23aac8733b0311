import { queryOptions } from '@tanstack/react-query'
import { criticalPathOf, type Run } from '../lib/critical-path.ts'
import type { TaskGraph } from '../lib/task-graph.ts'
import { call } from './client.ts'

/** As many as the server tells of at once. */
const AT_ONCE = 100

/** Of a group that has ended. It asks for the attempts of many tasks, so it is asked for when somebody wants to see it. */
export const criticalPath = (groupId: string, graph: TaskGraph | undefined, isWanted: boolean) =>
  queryOptions({
    queryKey: ['critical path', groupId, graph?.states.length],
    queryFn: ({ signal }) => (graph ? criticalPathOf(graph, (tasks) => readRuns(groupId, graph, tasks, signal)) : null),
    enabled: isWanted && graph !== undefined,
    retry: false,
  })

async function readRuns(
  groupId: string,
  { topology: { ids } }: TaskGraph,
  tasks: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Run>> {
  const runs = new Map<number, Run>()
  for (let at = 0; at < tasks.length; at += AT_ONCE) {
    const indexes = new Map(tasks.slice(at, at + AT_ONCE).map((v) => [ids[v] ?? '', v]))
    const query = { ids: [...indexes.keys()].join(',') }
    const answer = await call('listAttemptsOfTasks', { params: { id: groupId }, query }, signal)
    for (const { taskId, attempts } of answer.tasks) {
      const v = indexes.get(taskId)
      if (v === undefined || attempts.length === 0) continue
      const [starts, ends] = [attempts.map(({ startedAt }) => startedAt), attempts.map(({ endedAt }) => endedAt)]
      runs.set(v, { startedAt: Math.min(...starts.map(Date.parse)), endedAt: Math.max(...ends.map(Date.parse)) })
    }
  }
  return runs
}

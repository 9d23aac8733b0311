import { expect } from 'vitest'
import { type Api, type AttemptJson, listTasks, readAttempts } from '../support/api-client.ts'
import { eventually, inLanes } from '../support/waiting.ts'
import { faultsOfAnswers, faultsOfEnds, faultsOfOverlap, faultsOfRepeats, type PollHistory } from './checks.ts'
import { Poller, type PollerOptions } from './poller.ts'

export const CHANNEL = 'polled'
/** Longer than a busy machine takes for one task, also when it stalls; short enough to wait for its end. */
export const LEASE_SECONDS = 8

/** For machines that are busy. */
const FINISH_MS = 240_000

/** Groups with tasks of a worker that fetches them; answers their ids. */
export async function createTasks(
  api: Api,
  { count, groups }: { readonly count: number; readonly groups: number },
): Promise<string[]> {
  await api.put(`/api/v1/worker/${CHANNEL}`, { mode: 'pull' })
  const ids = Array.from({ length: groups }, (_, n) => `polled-${n}`)
  for (const id of ids) {
    const tasks = Array.from({ length: count / groups }, (_, n) => ({ id: `${id}.${n}`, worker: CHANNEL, input: n }))
    await api.post('/api/v1/task_groups/graph', { id, tasks })
  }
  return ids
}

export const holdingsOf = (pollers: readonly Poller[]) => pollers.flatMap(({ holdings }) => holdings)

/** Waits until all is done, and reads what happened. */
export async function finish(api: Api, groups: readonly string[], pollers: readonly Poller[]): Promise<PollHistory> {
  const isDone = async (): Promise<boolean> => {
    const states = await Promise.all(groups.map((id) => api.get<{ state: string }>(`/api/v1/task_group/${id}`)))
    return states.every(({ state }) => state === 'succeeded')
  }
  await eventually('all of it is done', isDone, FINISH_MS)
  await Promise.all(pollers.map((poller) => poller.stop()))
  const holdings = holdingsOf(pollers)
  const tasks = (await Promise.all(groups.map((id) => listTasks(api, id)))).flat()
  const attempts = new Map<string, AttemptJson[]>()
  const repeated = [...Map.groupBy(holdings, ({ taskId }) => taskId)].filter(([, held]) => held.length !== 1)
  await inLanes(repeated, 8, async ([id]) => void attempts.set(id, await readAttempts(api, id)))
  return { holdings, tasks, attempts }
}

export const TASKS = 5000
export const POLLERS = 20

/** `servers`: of the poller of that number. */
export const startPollers = (servers: (n: number) => ReturnType<PollerOptions['servers']>): Poller[] =>
  Array.from(
    { length: POLLERS },
    (_, n) =>
      new Poller({ name: `poller-${n}`, channel: CHANNEL, leaseSeconds: LEASE_SECONDS, servers: () => servers(n) }),
  )

/** How many releases were accepted so far. */
export const releasedBy = (pollers: readonly Poller[]): number =>
  holdingsOf(pollers).filter(({ status }) => status === 200).length

/** Each task was done once, was in one pair of hands at a time, and no more than so many were held again. */
export function expectSound(history: PollHistory, maxRepeats: number): void {
  const repeats = history.holdings.length - history.tasks.length
  console.log(JSON.stringify({ tasks: history.tasks.length, holdings: history.holdings.length }))
  expect(history.tasks).toHaveLength(TASKS)
  expect(faultsOfOverlap(history)).toEqual([])
  expect(faultsOfEnds(history)).toEqual([])
  expect(faultsOfAnswers(history)).toEqual([])
  expect(faultsOfRepeats(history)).toEqual([])
  expect(repeats).toBeLessThanOrEqual(maxRepeats)
}

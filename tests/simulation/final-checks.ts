import { isComplete, isFinished, isGivenUp, isPaused, type Task } from '../../server/core/task.ts'
import type { Answers } from './answers.ts'
import type { SimulatedClients } from './clients.ts'
import type { SharedStore } from './shared-store.ts'
import { keeps } from './violation.ts'

const EVERYTHING = { page: 1, pageSize: 0, search: '' }

/** Every task in the store. */
export function allTasks({ engine }: SharedStore): Task[] {
  const { groups } = engine.listGroups(EVERYTHING)
  return groups.flatMap(({ id }) => engine.listTasks({ ...EVERYTHING, groupId: id, skipCompleted: false }).tasks)
}

/** What is left, in a few words; nothing is the good answer. Where nobody sees to what failed, that and what hangs on it is no more to come. */
export function unfinished(store: SharedStore, { isAttended }: { isAttended: boolean }): string[] {
  const { active, paused, failed } = store.engine.countGroups()
  if (active + (isAttended ? paused + failed : 0) === 0 && store.leases === 0) return []
  const tasks = allTasks(store)
  const isOver = isAttended ? () => false : waitingForGood(tasks, store)
  return tasks
    .filter((task) => (!isComplete(task) && !isOver(task)) || task.lease !== null)
    .map((task) => {
      const { id, holds, runAfter, unfinishedParents, lease, worker } = task
      return `${id} of ${worker}: holds ${holds}, parents ${unfinishedParents}, due ${runAfter}, leased until ${lease?.until}`
    })
}

/** Of these tasks those that failed for good, are paused or are below such: none of them goes on without a person. */
function waitingForGood(tasks: readonly Task[], { engine }: SharedStore): (task: Task) => boolean {
  const waiting = new Set<string>()
  const paused = new Set(tasks.map(({ groupId }) => groupId).filter((id) => engine.findGroup(id)?.isPaused))
  const isWaiting = (task: Task): boolean =>
    isGivenUp(task) || isPaused(task) || paused.has(task.groupId) || task.parentIds.some((id) => waiting.has(id))
  for (let before = -1; waiting.size > before; ) {
    before = waiting.size
    for (const task of tasks) if (!isFinished(task) && isWaiting(task)) waiting.add(task.id)
  }
  return ({ id, holds }) => waiting.has(id) || isFinished({ holds })
}

/** What holds when everything is finished. After a rollback acknowledged writes may be gone (I1), and records of attempts with them. */
export function checkEnd(
  store: SharedStore,
  { answers, clients, isRolledBack }: { answers: Answers; clients: SimulatedClients; isRolledBack: boolean },
): void {
  store.audit()
  const tasks = allTasks(store)
  for (const task of tasks) checkRecords(task, { store, answers, isRolledBack })
  if (isRolledBack) return
  const ids = new Set(tasks.map(({ id }) => id))
  for (const id of clients.book.acknowledged)
    keeps('I1', ids.has(id), () => `${id} was acknowledged, nobody deleted it, and it is gone`)
}

/** The newest 50 are kept. */
const KEPT_RECORDS = 50

/** I9: a run is completed once, and every POST of it has a record that says what became of it. */
function checkRecords(
  task: Task,
  { store, answers, isRolledBack }: { store: SharedStore; answers: Answers; isRolledBack: boolean },
): void {
  const records = store.engine.listAttempts(task.id)
  const ofRun = records.filter(({ deliveryId }) => deliveryId === `${task.id}_${task.run}`)
  const succeeded = ofRun.filter(({ outcome }) => outcome === 'succeeded').length
  keeps('I9', succeeded <= 1, () => `run ${task.run} of ${task.id} succeeded ${succeeded} times`)
  if (isRolledBack || records.length >= KEPT_RECORDS) return
  const posts = answers.postsOf(task)
  keeps('I9', posts <= ofRun.length, () => `${task.id} was POSTed ${posts} times, ${ofRun.length} are recorded`)
}

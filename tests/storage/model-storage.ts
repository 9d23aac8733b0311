import type { ChangeSet, CommitResult, CrewEvent } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import { isComplete, type Task } from '../../server/core/task.ts'
import {
  type ClaimedTask,
  type ClaimRequest,
  type ClaimResult,
  type EventListener,
  MAX_PAGE_SIZE,
  type PageQuery,
  type TaskQuery,
  type TaskStorage,
  type WorkgroupRow,
} from '../../storage/task-storage.ts'
import {
  commitToModel,
  countGroup,
  duplicatesOf,
  isClaimable,
  isLeaseExpired,
  leaseInModel,
  liveHolds,
  type Model,
  makeModel,
  renewInModel,
  startableAt,
  stateInModel,
  tasksOf,
} from './model.ts'
import { byClaimOrder, slotsBefore } from './model-claims.ts'

/**
 * The model behind the port, for tests only. The conformance suite runs on it as on any engine, so that suite and model
 * cannot drift apart; and with `commit` replaced by a broken one it shows that both notice (negative controls).
 */
export function openModelStorage(options: {
  clock: Clock
  bootId: string
  commit?: (model: Model, set: ChangeSet) => CommitResult
}): TaskStorage {
  const model = makeModel(options.clock, options.bootId)
  const commit = options.commit ?? commitToModel
  const now = () => options.clock.now()
  const listeners = new Set<EventListener>()
  const tell = (events: readonly CrewEvent[], origin: 'commit' | 'claim') => {
    if (events.length > 0) for (const listener of listeners) listener(events, origin)
  }
  const records = new Map<string, { value: string; expiresAt: number }>()
  const finished = new Map<string, number>()
  const lastTurns = new Map<string, number>()
  const tasks = () => [...model.books.tasks.values()]
  let tokens = 0
  let turns = 0

  function claim(request: ClaimRequest): ClaimResult {
    const claimed: ClaimedTask[] = []
    const slots = new Map<string, number>()
    const slotsAtFirst = slotsBefore(model, request)
    while (claimed.length < request.limit) {
      const slotsOf = (worker: string) => slots.get(worker) ?? slotsAtFirst(worker)
      const next = tasks()
        .filter((task) => isClaimable(model, task) && slotsOf(task.worker) > 0)
        .sort((a, b) => lastTurn(a) - lastTurn(b) || byClaimOrder(a, b))[0]
      if (!next) break
      slots.set(next.worker, slotsOf(next.worker) - 1)
      lastTurns.set(turnKey(next), ++turns)
      const token = `model-token-${++tokens}`
      leaseInModel(model, next.id, { token, until: request.until })
      claimed.push(describeClaimed(next.id, token))
    }
    tell(
      claimed.map(({ task }) => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id })),
      'claim',
    )
    return { tasks: claimed, nextDueAt: nextDueAt() }
  }

  const turnKey = (task: Task) => `${task.worker} ${task.groupId}`
  const lastTurn = (task: Task) => lastTurns.get(turnKey(task)) ?? 0

  function describeClaimed(id: string, token: string): ClaimedTask {
    const task = model.books.tasks.get(id)
    if (!task) throw new Error(`${id} was claimed and does not exist`)
    const parents = task.parentIds.flatMap((parentId) => model.books.tasks.get(parentId) ?? [])
    return {
      task,
      token,
      parents: parents.map(({ id: taskId, worker, input, output }) => ({ taskId, worker, input, output })),
    }
  }

  function nextDueAt(): number | null {
    const ahead = tasks().map((task) => startableAt(model, task) ?? 0)
    return ahead.filter((startAt) => startAt > now()).sort((a, b) => a - b)[0] ?? null
  }

  /** When each group became finished cannot be read from its tasks. */
  function noteFinished(): void {
    for (const groupId of model.books.groups.keys()) {
      const all = tasksOf(model, groupId)
      if (all.length === 0 || !all.every(isComplete)) finished.delete(groupId)
      else if (!finished.has(groupId)) finished.set(groupId, now())
    }
  }

  function matches(task: Task, query: TaskQuery): boolean {
    const has = <Value>(wanted: Value | undefined, value: Value) => wanted === undefined || wanted === value
    const isFound = [task.id, task.name, task.worker, task.key].some((text) => contains(text, query.search))
    const metadata = Object.entries(query.metadata ?? {})
    return (
      isFound &&
      !(query.skipCompleted && isComplete(task)) &&
      has(query.state, stateInModel(model, task)) &&
      has(query.worker, task.worker) &&
      has(query.workgroup, task.workgroup) &&
      has(query.key, task.key) &&
      metadata.every(([name, value]) => Object.hasOwn(task.metadata, name) && task.metadata[name] === value)
    )
  }

  function workgroupRow(name: string): WorkgroupRow {
    const own = tasks().filter((task) => task.workgroup === name)
    const hold = liveHolds(model, 'workgroup').find((each) => each.name === name)
    const inStates = (...states: string[]) => own.filter((task) => states.includes(stateInModel(model, task))).length
    const waiting = inStates('ready', 'throttled')
    return { name, heldUntil: hold?.until ?? 0, reason: hold?.reason ?? '', waiting, running: inStates('running') }
  }

  return {
    durability: { engine: 'sqlite', survives: 'none', detail: 'The model of the tests; nothing survives.' },
    async commit(changeSets) {
      const results = changeSets.map((set) => commit(model, set))
      noteFinished()
      tell(
        changeSets.flatMap((set, index) => (results[index] === 'applied' ? set.events : [])),
        'commit',
      )
      return results
    },
    claim: async (request) => claim(request),
    renewLeases: async (leases, until) =>
      leases.filter(({ taskId, token }) => !renewInModel(model, taskId, token, until)).map(({ token }) => token),
    listExpiredLeases: async (limit) =>
      tasks()
        .filter((task) => isLeaseExpired(model, task))
        .sort((a, b) => Number(a.lease?.until) - Number(b.lease?.until))
        .slice(0, limit),
    getTasks: async (ids) => tasks().filter((task) => ids.includes(task.id)),
    findGroup: async (id) => model.books.groups.get(id) ?? null,
    getGroup: async (id) => {
      const group = model.books.groups.get(id)
      return group ? countGroup(model, group) : null
    },
    listGroups: async (query) => {
      const found = [...model.books.groups.values()].filter(({ id, name }) =>
        [id, name].some((text) => contains(text, query.search)),
      )
      const newest = found.sort((a, b) => b.createdAt - a.createdAt)
      return { groups: pageOf(newest, query).map((group) => countGroup(model, group)), count: found.length }
    },
    listTasks: async (query) => {
      const found = tasksOf(model, query.groupId).filter((task) => matches(task, query))
      return { tasks: pageOf(found, query), count: found.length }
    },
    listChildren: async (parentIds) => tasks().filter((task) => task.parentIds.some((id) => parentIds.includes(id))),
    listCreatedBy: async (taskIds) =>
      tasks().filter((task) => task.createdBy !== '' && taskIds.includes(task.createdBy)),
    listDuplicates: async (mergeKey) => duplicatesOf(model.books, mergeKey),
    listAttempts: async (taskId) => (model.books.attempts.get(taskId) ?? []).toReversed(),
    listHolds: async (scope, names) =>
      liveHolds(model, scope).filter((hold) => names === undefined || names.includes(hold.name)),
    listWorkgroups: async (query) => {
      const named = [...tasks().map((task) => task.workgroup), ...liveHolds(model, 'workgroup').map(({ name }) => name)]
      const names = [...new Set(named)].filter((name) => name !== '' && (query.name ?? name) === name).sort()
      return { workgroups: pageOf(names, query).map(workgroupRow), count: names.length }
    },
    listFinishedGroups: async (before, limit) =>
      [...finished].flatMap(([id, at]) => (at < before && model.books.groups.has(id) ? [id] : [])).slice(0, limit),
    getRecord: async (key) => {
      const record = records.get(key)
      return record && (record.expiresAt === 0 || record.expiresAt > now()) ? record.value : null
    },
    putRecord: async (key, value, expiresAt = 0) => {
      if (value === null) records.delete(key)
      else records.set(key, { value, expiresAt })
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    audit: async () => ({
      faults: [],
      fingerprint: JSON.stringify([...Object.values(model.books), records].map((map) => [...map])),
    }),
    close: async () => {},
  }
}

const contains = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

function pageOf<Row>(rows: readonly Row[], { page, pageSize }: PageQuery): Row[] {
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  return rows.slice((page - 1) * size, page * size)
}

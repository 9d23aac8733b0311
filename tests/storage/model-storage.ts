import type { ChangeSet, CommitResult, CrewEvent, HoldScope } from '../../server/core/change-set.ts'
import type { Clock } from '../../server/core/clock.ts'
import { isComplete, type Task, withoutPayloads } from '../../server/core/task.ts'
import {
  type ClaimedTask,
  type ClaimRequest,
  type ClaimResult,
  type EventListener,
  type GateRef,
  MAX_PAGE_SIZE,
  type PageQuery,
  type TaskQuery,
  type TaskStorage,
  type TrafficQuery,
  type TrafficRow,
} from '../../storage/task-storage.ts'
import {
  commitToModel,
  countGroup,
  duplicatesOf,
  hasEnded,
  isAtGates,
  isFinished,
  isLeaseExpired,
  leaseInModel,
  type Model,
  makeModel,
  renewInModel,
  startableAt,
  stateInModel,
  tasksOf,
} from './model.ts'
import { byClaimOrder, slotsBefore } from './model-claims.ts'
import { failingInModel, newestErrorsInModel } from './model-failing.ts'
import {
  enterInModel,
  gateInModel,
  gateNames,
  gatesOf,
  liveHolds,
  pastHoldsInModel,
  roomInModel,
} from './model-gates.ts'
import { censusOfModel, contains, listGroupsInModel } from './model-groups.ts'
import { createInModel, putInModel, recordInModel, recordsOfKind, scannedRecords } from './model-records.ts'
import { placesOf, trafficRow } from './model-traffic.ts'

/**
 * The model behind the port, for tests only. The conformance suite runs on it as on any engine, so that suite and model
 * cannot drift apart; and with `commit` replaced by a broken one, or without turns, it shows that both notice (negative controls).
 */
export function openModelStorage(options: {
  clock: Clock
  bootId: string
  commit?: (model: Model, set: ChangeSet) => CommitResult
  hasTurns?: boolean
}): TaskStorage {
  const model = makeModel(options.clock, options.bootId)
  const commit = options.commit ?? commitToModel
  const now = () => options.clock.now()
  const listeners = new Set<EventListener>()
  const tell = (events: readonly CrewEvent[], origin: 'commit' | 'claim') => {
    if (events.length > 0) for (const listener of listeners) listener(events, origin)
  }
  const ended = new Map<string, { ending: 'succeeded' | 'failed'; endedAt: number }>()
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
      const hasRoom = roomsNow(model)
      const next = tasks()
        .filter((task) => slotsOf(task.worker) > 0 && isAtGates(model, task) && gatesOf(task).every(hasRoom))
        .sort((a, b) => lastTurn(a) - lastTurn(b) || byClaimOrder(a, b))[0]
      if (!next) break
      slots.set(next.worker, slotsOf(next.worker) - 1)
      lastTurns.set(turnKey(next), ++turns)
      const token = `model-token-${++tokens}`
      const isProbe = gateInModel(model, { scope: 'worker', name: next.worker }).probeMs > 0
      leaseInModel(model, next.id, { token, until: request.until })
      enterInModel(model, [next])
      claimed.push({ ...describeClaimed(next.id, token), isProbe })
    }
    tell(
      claimed.map(({ task }) => ({ type: 'task.updated', groupId: task.groupId, taskId: task.id })),
      'claim',
    )
    return { tasks: claimed, nextDueAt: nextDueAt() }
  }

  const turnKey = (task: Task) => `${task.worker} ${task.groupId}`
  const lastTurn = (task: Task) => (options.hasTurns === false ? 0 : (lastTurns.get(turnKey(task)) ?? 0))

  function describeClaimed(id: string, token: string): Omit<ClaimedTask, 'isProbe'> {
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

  /** When each group ended cannot be read from its tasks. */
  function noteEnded(): void {
    for (const groupId of model.books.groups.keys()) {
      const ending = isFinished(model, groupId) ? 'succeeded' : 'failed'
      if (!hasEnded(model, groupId)) ended.delete(groupId)
      else if (ended.get(groupId)?.ending !== ending) ended.set(groupId, { ending, endedAt: now() })
    }
  }

  function matches(task: Task, query: TaskQuery): boolean {
    const has = <Value>(wanted: Value | undefined, value: Value) => wanted === undefined || wanted === value
    const isFound = [task.id, task.name, task.worker, task.key].some((text) => contains(text, query.search))
    const metadata = Object.entries(query.metadata ?? {})
    return (
      isFound &&
      !(query.skipCompleted && isComplete(task)) &&
      (query.states?.includes(stateInModel(model, task)) ?? true) &&
      has(query.worker, task.worker) &&
      has(query.workgroup, task.workgroup) &&
      has(query.key, task.key) &&
      (query.parent === undefined || task.parentIds.includes(query.parent)) &&
      metadata.every(([name, value]) => Object.hasOwn(task.metadata, name) && task.metadata[name] === value)
    )
  }

  function listTraffic(scope: HoldScope, query: TrafficQuery): { rows: TrafficRow[]; count: number } {
    const named = [...tasks().map((task) => task[scope]), ...gateNames(model, scope)]
    const names = [...new Set(named)].filter((name) => name !== '' && (query.name ?? name) === name).sort()
    return { rows: pageOf(names, query).map((name) => trafficRow(model, scope, name)), count: names.length }
  }

  return {
    durability: { engine: 'sqlite', survives: 'none', detail: 'The model of the tests; nothing survives.' },
    async commit(changeSets) {
      const results = changeSets.map((set) => commit(model, set))
      noteEnded()
      tell(
        changeSets.flatMap((set, index) => (results[index] === 'applied' ? set.events : [])),
        'commit',
      )
      return results
    },
    claim: async (request) => claim(request),
    renewLeases: async (leases, until, holder) =>
      leases.filter((lease) => !renewInModel(model, lease, { until, holder })).map(({ token }) => token),
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
      const found = listGroupsInModel(model, query)
      return { groups: pageOf(found, query), count: found.length }
    },
    countGroups: async () => censusOfModel(model),
    listTasks: async (query) => {
      const found = tasksOf(model, query.groupId).filter((task) => matches(task, query))
      const page = pageOf(found, query)
      const bare = query.payloads === false ? page.map(withoutPayloads) : page
      const isBrief = query.payloads === false && query.errors === 'last'
      const told = isBrief ? bare.map((task) => ({ ...task, errors: task.errors.slice(-1) })) : bare
      return { tasks: told, count: found.length }
    },
    listChildren: async (parentIds) => tasks().filter((task) => task.parentIds.some((id) => parentIds.includes(id))),
    listCreatedBy: async (taskIds) =>
      tasks().filter((task) => task.createdBy !== '' && taskIds.includes(task.createdBy)),
    listDuplicates: async (mergeKey) => duplicatesOf(model.books, mergeKey),
    listAttempts: async (taskId) => (model.books.attempts.get(taskId) ?? []).toReversed(),
    listHolds: async (scope, names) =>
      liveHolds(model, scope).filter((hold) => names === undefined || names.includes(hold.name)),
    listPastHolds: async (scope, name) => [...pastHoldsInModel(model, scope, name)],
    getGates: async (refs) => refs.map((ref) => gateInModel(model, ref)),
    listWorkgroups: async (query) => {
      const { rows, count } = listTraffic('workgroup', query)
      return { workgroups: rows, count }
    },
    listWorkers: async (query) => {
      const { rows, count } = listTraffic('worker', query)
      return { workers: rows, count }
    },
    countTasks: async () => tasks().length,
    countAhead: async (taskId) => placesOf(model, taskId).least,
    listFailing: async (query) => failingInModel(model, query),
    listNewestErrors: async (taskIds) => newestErrorsInModel(model, taskIds),
    listEndedGroups: async ({ ending, before, limit }) =>
      [...ended]
        .filter(([id, end]) => end.ending === ending && end.endedAt < before && model.books.groups.has(id))
        .map(([id, { endedAt }]) => ({ id, endedAt }))
        .sort((a, b) => a.endedAt - b.endedAt)
        .slice(0, limit),
    getRecord: async (key) => recordInModel(model, key),
    putRecord: async (key, value, expiresAt = 0) => putInModel(model, key, value, expiresAt),
    createRecord: async (key, value, expiresAt) => createInModel(model, key, value, expiresAt),
    listRecords: async (kind, query) => {
      const found = recordsOfKind(model, kind)
      return { records: pageOf(found, query), count: found.length }
    },
    scanRecords: async () => ({ records: scannedRecords(model), next: null }),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    sizeInBytes: async () => null,
    room: async () => ({ usedBytes: null, freeBytes: null }),
    audit: async () => ({
      faults: [],
      count: { groups: 0, tasks: 0, records: 0 },
      fingerprint: JSON.stringify([...Object.values(model.books), model.records].map((map) => [...map])),
    }),
    close: async () => {},
  }
}

/** Whether a gate has room, each asked once: leases are counted anew for it. */
function roomsNow(model: Model): (ref: GateRef) => boolean {
  const known = new Map<string, boolean>()
  return (ref) => {
    const key = `${ref.scope} ${ref.name}`
    const hasRoom = known.get(key) ?? roomInModel(model, ref).free > 0
    known.set(key, hasRoom)
    return hasRoom
  }
}

function pageOf<Row>(rows: readonly Row[], { page, pageSize }: PageQuery): Row[] {
  const size = pageSize === 0 ? MAX_PAGE_SIZE : pageSize
  return rows.slice((page - 1) * size, page * size)
}

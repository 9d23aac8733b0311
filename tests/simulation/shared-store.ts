import type { ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import type { Task } from '../../server/core/task.ts'
import { Engine } from '../../storage/sqlite/engine.ts'
import type { Call, ClaimCall } from '../../storage/sqlite/engine-calls.ts'
import type { ClaimedTask, ClaimResult, LeaseRef, TaskStorage } from '../../storage/task-storage.ts'
import { Ledger, type LedgerOptions } from './ledger.ts'
import { keeps } from './violation.ts'

/** One engine for all servers: they tell boots apart by leases that end, as on Redis. */
const BOOT = 'boot'

export interface SharedStoreOptions extends LedgerOptions {
  readonly now: () => number
  readonly newToken: () => string
  /** A store that does something else than it is told, for the tests of the simulator. */
  readonly tamper?: Tamper | undefined
  /** Claims go by a clock that is so far ahead. */
  readonly claimsAheadMs?: number | undefined
}

/** What is written instead of a change set. */
export type Tamper = (changeSet: ChangeSet, before: readonly Task[]) => ChangeSet

/** A call that moved something, with what is needed to repeat it. Of a read that is the time alone. */
interface Entry {
  readonly call: Call | null
  readonly now: number
  readonly tokens: readonly string[]
  /** What it answered, in short: a replay that answers otherwise is none. */
  readonly answer: string
}

/** The store of all servers: the real engine on SQLite, in memory, with a ledger beside it and a log that can be cut off. */
export class SharedStore {
  readonly #options: SharedStoreOptions
  #engine: Engine
  #ledger: Ledger
  #log: Entry[] = []
  /** Nothing before this is ever lost. */
  #floor = 0
  #tokens: string[] = []
  #replayed: string[] | null = null

  constructor(options: SharedStoreOptions) {
    this.#options = options
    this.#engine = this.#open()
    this.#ledger = new Ledger(options)
  }

  get engine(): Engine {
    return this.#engine
  }

  /** The store without a network: nothing comes between. */
  get storage(): TaskStorage {
    const call =
      (method: string) =>
      async (...args: unknown[]) =>
        this.run({ method, args } as unknown as Call)
    const none: Partial<TaskStorage> = {}
    return new Proxy(none, {
      get: (_, name) => (name === 'isPartitioned' ? undefined : call(String(name))),
    }) as TaskStorage
  }

  get leases(): number {
    return this.#ledger.leases
  }

  /** What is in the store by now stays in it, whatever is rolled back. */
  secure(): void {
    this.#floor = this.#log.length
  }

  /** Runs one call now, checks what it did, and answers what the engine answers. */
  run(call: Call): unknown {
    const now = this.#options.now()
    this.#tokens = []
    const value = this.#perform(call, now)
    const isWrite = isMoving(call)
    this.#log.push({
      call: isWrite ? call : null,
      now,
      tokens: this.#tokens,
      answer: isWrite ? summaryOf(call, value) : '',
    })
    return value
  }

  /** Checks counters, lists and countdowns against a full scan (I12). */
  audit(): void {
    const { faults } = this.#engine.audit()
    keeps('I12', faults.length === 0, () => `the books differ from a full scan: ${JSON.stringify(faults.slice(0, 3))}`)
  }

  /** A failover to a copy that had not got the last commits: they, and what came after the first of them, never were. Answers how many. */
  rollBack(commits: number): number {
    const writes = this.#log.flatMap(({ call }, index) => (call?.method === 'commit' ? [index] : []))
    const losable = writes.filter((index) => index >= this.#floor)
    const lost = losable.slice(Math.max(0, losable.length - commits))
    this.#replay(this.#log.slice(0, lost[0] ?? this.#log.length))
    return lost.length
  }

  /** Makes the store anew from a log. Answers the same as the first time, or it is no replay. */
  #replay(log: Entry[]): void {
    this.#engine.close()
    this.#engine = this.#open()
    this.#ledger = new Ledger(this.#options)
    this.#log = log
    for (const { call, now, tokens, answer } of log) {
      if (call === null) {
        this.#engine.runBatch([], now)
        continue
      }
      this.#replayed = [...tokens]
      const again = summaryOf(call, this.#perform(call, now))
      this.#replayed = null
      if (again !== answer) throw new Error(`a replay of ${call.method} answered ${again} instead of ${answer}`)
    }
  }

  close(): void {
    this.#engine.close()
  }

  #open(): Engine {
    return new Engine({ path: ':memory:', bootId: BOOT, newToken: () => this.#newToken() }, this.#options.now())
  }

  #newToken(): string {
    const token = this.#replayed ? (this.#replayed.shift() ?? '') : this.#options.newToken()
    this.#tokens.push(token)
    return token
  }

  #perform(call: Call, now: number): unknown {
    if (call.method === 'commit') return call.args[0].map((set) => this.#commit(set as ChangeSet, now))
    const aheadMs = call.method === 'claim' ? (this.#options.claimsAheadMs ?? 0) : 0
    const value = this.#runOne(call, now + aheadMs)
    if (call.method === 'claim') this.#checkClaim(call.args[0], value as ClaimResult, now)
    if (call.method === 'renewLeases') this.#ledger.renewed(call.args[0] as readonly LeaseRef[], value as string[])
    return value
  }

  #checkClaim(call: ClaimCall, { tasks }: { readonly tasks: readonly ClaimedTask[] }, now: number): void {
    this.#ledger.claimed(call, tasks, { engine: this.#engine, now })
  }

  /** The promises are about one change set at a time, and so is the check. */
  #commit(changeSet: ChangeSet, now: number): CommitResult {
    const guarded = changeSet.guards.flatMap((guard) => (guard.kind === 'lease' ? [guard.taskId] : []))
    const before = guarded.length === 0 ? [] : this.#engine.getTasks(guarded)
    const written = this.#options.tamper?.(changeSet, before) ?? changeSet
    const [result] = this.#runOne({ method: 'commit', args: [[written]] }, now) as CommitResult[]
    this.#ledger.committed(changeSet, result as CommitResult, { engine: this.#engine, before })
    return result as CommitResult
  }

  #runOne(call: Call, now: number): unknown {
    const [reply] = this.#engine.runBatch([call], now)
    if (reply && 'error' in reply) throw reply.error
    return reply?.value
  }
}

const MOVING: ReadonlySet<Call['method']> = new Set(['commit', 'claim', 'renewLeases', 'putRecord', 'createRecord'])

const isMoving = ({ method }: Call): boolean => MOVING.has(method)

/** What an answer comes to, for the trace and for replays. */
export function summaryOf({ method, args }: Call, value: unknown): string {
  switch (method) {
    case 'claim':
      return (value as ClaimResult).tasks.map(({ task, token }) => `${task.id}=${token}`).join(' ')
    case 'commit':
      return args[0].map((set, index) => `${namesOf(set as ChangeSet)}:${(value as CommitResult[])[index]}`).join(' ')
    case 'renewLeases':
      return (value as string[]).join(' ')
    case 'getTasks':
      return (value as Task[]).map(({ id, version }) => `${id}@${version}`).join(' ')
    default:
      return ''
  }
}

/** What a change set is about, in a few words. */
function namesOf({ changes }: ChangeSet): string {
  return changes
    .map((change) => {
      if (change.kind === 'insertTask') return `+${change.task.id}`
      if (change.kind === 'patchTask') return `${change.taskId}${change.lease ? `/${change.lease}` : ''}`
      if (change.kind === 'addAttempt') return change.attempt.outcome
      if (change.kind === 'putGroup') return `${change.group.id}${change.group.isPaused ? '(paused)' : ''}`
      return change.kind
    })
    .join(',')
}

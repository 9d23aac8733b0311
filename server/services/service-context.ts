import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Clock, Random } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import { followPolicy } from '../core/failure-policy.ts'
import type { Task } from '../core/task.ts'
import type { GroupMemory } from './group-memory.ts'
import type { KeyedRequest } from './keyed-request.ts'

/** What every use case works with. */
export interface ServiceContext {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly random: Random
  /** A new id, unique without asking anybody (UUID v7). */
  readonly newId: () => string
  /** The request under way, if it carries an Idempotency-Key; then `newId` makes its ids. Absent: none ever does. */
  readonly keyed?: () => KeyedRequest | undefined
  /** Asks for a claim; called as a commit is handed over, the claim goes into the same batch behind it. */
  readonly wake?: () => void
  /** Absent: every group is read before tasks are created in it. */
  readonly groupMemory?: GroupMemory
  /** What the controller knows about a worker at this moment. */
  readonly workers: WorkerKnowledge
}

/** What decides whether a worker can be called, beyond what the storage knows. */
export interface WorkerKnowledge {
  /** False when nothing says where it is (WIRE section 7: its tasks are `throttled`, `why` says `no_address`). Of '': of any worker. */
  hasAddress(worker: string): boolean
  /** Null: it is not called, but fetches its tasks. */
  slotsOf(worker: string): { readonly inFlight: number; readonly limit: number } | null
}

/** What follows from a change of these tasks by the policies of their groups (`followPolicy`). */
export const withPolicies = (
  { storage, clock }: ServiceContext,
  changeSet: ChangeSet,
  tasks: readonly Task[],
): Promise<ChangeSet> => followPolicy(changeSet, tasks, { now: clock.now(), groups: storage })

/** Writes what has to be there before something is that needs it. Called when nothing of the request can be refused any more. */
export type BeforeCommit = () => Promise<void>

/** Enough for edits by hand to get through a busy task; more means somebody edits in a loop. */
const MAX_TRIES = 20

/**
 * The one way to write: load and decide, commit, and once more from the start when somebody else was faster. `decide` answers
 * null when there is nothing to change. What it throws reaches the caller unchanged.
 */
export async function decideAndCommit<Result>(
  context: ServiceContext,
  decide: (tries: number) => Promise<{ changeSet: ChangeSet | null; result: Result }>,
): Promise<Result> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { changeSet, result } = await decide(tries)
    if (changeSet === null) return result
    const committed = context.storage.commit([changeSet])
    context.wake?.()
    const [outcome] = await committed
    if (outcome === 'applied') return result
  }
  throw new CrewError(
    'conflict',
    `Others changed the same thing ${MAX_TRIES} times in a row; nothing was changed. Try again.`,
  )
}

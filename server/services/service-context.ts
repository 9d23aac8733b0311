import type { TaskStorage } from '../../storage/task-storage.ts'
import type { ChangeSet } from '../core/change-set.ts'
import type { Clock, Random } from '../core/clock.ts'
import { CrewError } from '../core/errors.ts'
import type { GroupMemory } from './group-memory.ts'

/** What every use case works with. */
export interface ServiceContext {
  readonly storage: TaskStorage
  readonly clock: Clock
  readonly random: Random
  /** A new id, unique without asking anybody (UUID v7). */
  readonly newId: () => string
  /** Asks for a claim; called as a commit is handed over, the claim goes into the same batch behind it. */
  readonly wake?: () => void
  /** Absent: every group is read before tasks are created in it. */
  readonly groupMemory?: GroupMemory
  /** What the controller knows about a worker at this moment. */
  readonly workers: WorkerKnowledge
}

/** What decides whether a worker can be called, beyond what the storage knows. */
export interface WorkerKnowledge {
  /** False when nothing says where it is (WIRE section 7: its tasks are `throttled`, `why` says `no_address`). */
  hasAddress(worker: string): boolean
  slotsOf(worker: string): { readonly inFlight: number; readonly limit: number }
}

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

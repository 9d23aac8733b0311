import { CrewError } from '../core/errors.ts'
import type { ServiceContext } from './service-context.ts'

/**
 * A request under way that carries an `Idempotency-Key`. It may be run again when nobody knows how it ended: then its ids and
 * its time are those of the run before, so that it meets what that one made.
 */
export interface KeyedRequest {
  /** When the key was first seen: what the request creates is of that time. */
  readonly at: number
  /** An earlier run, or a later one that took this one for dead, may have had its effect. */
  readonly isRepeated: boolean
  /** It is known to be done, only its answer was too large to be kept: it is looked for, and never done again. */
  readonly isDone: boolean
  /** The same ids in the same order in each run (UUID v7). */
  newId(): string
}

/** The time of what is created now. */
export const creationTime = ({ keyed, clock }: ServiceContext): number => keyed?.()?.at ?? clock.now()

/**
 * Creates it, unless an earlier run of the same request did: then answers what exists. `find` looks for what was created at that
 * time; the time tells it from what somebody else made under an id that was asked for.
 */
export async function createOnce<Made>(
  context: ServiceContext,
  find: (at: number) => Promise<Made | null>,
  create: () => Promise<Made>,
): Promise<Made> {
  const keyed = context.keyed?.()
  if (keyed === undefined) return create()
  const findOwn = async () => (keyed.isRepeated ? find(keyed.at) : null)
  const made = await findOwn()
  if (made !== null) return made
  if (keyed.isDone) throw answerNotKept('What it created is gone')
  try {
    return await create()
  } catch (error) {
    // Two runs may be at it, when one was taken for dead: the other one got there first.
    const late = error instanceof CrewError && error.code === 'duplicate_id' ? await findOwn() : null
    if (late === null) throw error
    return late
  }
}

/** `why` in a few words. */
export const answerNotKept = (why: string): CrewError =>
  new CrewError(
    'idempotency_answer_not_kept',
    `The request with this Idempotency-Key was done, and is not done again. ${why}: look at what there is.`,
  )

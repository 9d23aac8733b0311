import type { TaskInput } from '../api-types.ts'

/** A task that an answer asks Crew to create. Everything but the worker may be left out. */
export interface ChildTask<Input = unknown>
  extends Omit<TaskInput, 'id' | 'parentIds' | 'input' | 'output' | 'isComplete' | 'runAfter'> {
  /** What other children of the same answer call it. Nothing is stored under it: Crew makes the real id. */
  readonly id?: string
  /** Names of other children of this answer, or ids of tasks of this group. The creator is always a parent as well. */
  readonly parentIds?: readonly string[]
  readonly input?: Input
  /** Not before this. */
  readonly runAfter?: string | Date | null
  /** A real id, for who must know it beforehand. It is unique over all groups: the same one twice fails the attempt. */
  readonly taskId?: string
}

/**
 * Describes a child, with the type of what its worker takes.
 *
 * @example
 * const children = [
 *   child<Page>({ id: 'first', worker: 'fetch-page', input: { page: 1 } }),
 *   child({ worker: 'merge', parentIds: ['first'] }),
 * ]
 */
export function child<Input = unknown>(task: ChildTask<Input>): ChildTask<Input> {
  return task
}

/** The child with the field names of the wire: local names are `_child_id` and `_parent_ids` there. */
export function childOnWire({ id, parentIds, taskId, ...fields }: ChildTask): Readonly<Record<string, unknown>> {
  return {
    ...fields,
    ...(taskId !== undefined && { id: taskId }),
    ...(id !== undefined && { _child_id: id }),
    ...(parentIds !== undefined && { _parent_ids: parentIds }),
  }
}

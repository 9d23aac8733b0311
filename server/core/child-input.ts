import type { Fault } from './errors.ts'
import { isObject, MAX_LABEL_LENGTH, MAX_PARENTS, parseTaskInput, type TaskInput } from './task-input.ts'

/** A child as an answer asks for it: parents are local names, ids or both. */
export interface ChildInput extends TaskInput {
  readonly worker: string
  readonly parentIds: string[]
  /** What other children of the same answer call it (Crew v1); null: its id alone. */
  readonly localName: string | null
}

/** WIRE 4.2. */
export const MAX_CHILDREN = 10_000

/** The children of an answer, or the first fault in them. */
export function readChildren(value: unknown): ChildInput[] | Fault {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return { pointer: '/children', detail: 'expected an array' }
  if (value.length > MAX_CHILDREN) return { pointer: '/children', detail: `expected at most ${MAX_CHILDREN} children` }
  const children: ChildInput[] = []
  for (const [index, item] of value.entries()) {
    const child = readChild(item, `/children/${index}`)
    if ('detail' in child) return child
    children.push(child)
  }
  return children
}

/** crew-go's names, or Crew v1's (`_child_id`, `_parent_ids`, `channel`): WIRE 4.2. */
function readChild(item: unknown, pointer: string): ChildInput | Fault {
  if (!isObject(item)) return { pointer, detail: 'expected an object' }
  const { input, faults } = parseTaskInput({ ...item, worker: item.worker ?? item.channel }, pointer)
  const [fault] = faults
  if (fault) return fault
  if (input.worker === undefined) return { pointer: `${pointer}/worker`, detail: 'expected the name of a worker' }
  const localName = item._child_id ?? null
  if (localName !== null && !isLocalName(localName)) {
    return { pointer: `${pointer}/_child_id`, detail: expectedName }
  }
  const parentIds = input.parentIds ?? readLocalParents(item._parent_ids ?? [])
  if (parentIds === null)
    return { pointer: `${pointer}/_parent_ids`, detail: `expected an array; each: ${expectedName}` }
  return { ...input, worker: input.worker, parentIds, localName }
}

const expectedName = `expected a name of 1 to ${MAX_LABEL_LENGTH} characters`

/** Names that live only within one answer: nothing is stored under them, so any text will do. */
function isLocalName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_LABEL_LENGTH
}

function readLocalParents(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length > MAX_PARENTS || !value.every(isLocalName)) return null
  return [...new Set(value as string[])]
}

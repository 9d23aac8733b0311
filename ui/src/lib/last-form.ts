import type { FinallyTask } from '../api/operations.ts'
import { withRaw } from './raw-fields.ts'

interface Typed {
  /** Empty: no such task. */
  readonly worker: string
  /** JSON text; null: nobody touched it. */
  readonly input: string | null
}

/**
 * The task that runs last as JSON text to be sent; null: it stays as it is. What the form has no field for stays, and an input that
 * nobody touched goes back as the text that is stored.
 */
export function changedLast(before: FinallyTask | null, stored: string, { worker, input }: Typed): string | null {
  const name = worker.trim()
  if (name === '') return before === null ? null : 'null'
  if (name === before?.worker && input === null) return null
  const { input: _input, ...others } = before ?? {}
  return withRaw({ ...others, worker: name }, 'input', input ?? stored)
}

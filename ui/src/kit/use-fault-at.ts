import { ApiError } from '../api/problem.ts'
import { faultAt } from '../lib/faults.ts'

/** What the server says of a field, by JSON pointer. */
export function useFaultAt(error: unknown): (pointer: string) => string | null {
  const faults = error instanceof ApiError ? error.faults : []
  return (pointer) => faultAt(faults, pointer)
}

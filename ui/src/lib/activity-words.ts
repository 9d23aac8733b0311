import type { Activity } from '../api/operations.ts'

/** What an action was done to, for people: `task group`, `worker`. */
const KINDS: Readonly<Record<string, string>> = {
  taskGroup: 'task group',
  traffic: 'limits of all tasks',
  notifications: 'notifications of all groups',
  bulk: 'bulk operation',
}

export const kindOf = ({ kind }: Activity['target']): string => KINDS[kind] ?? kind

/** `retryTaskGroup` as `retry task group`. */
export const actionWords = (action: string): string => action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** The sentence of the API's documentation, and what was set. */
export function partsOf(summary: string): readonly [what: string, told: string] {
  const end = summary.indexOf(': ')
  return end === -1 ? [summary, ''] : [summary.slice(0, end), summary.slice(end + 2)]
}

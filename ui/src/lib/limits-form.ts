import type { LimitsEdit } from '../api/operations.ts'
import type { Gate } from '../api/traffic.ts'

export type Limits = Pick<Gate, 'maxConcurrent' | 'rateLimit' | 'ramp'>

/** The text in a field, without the space around it. */
export const textIn = (form: FormData, name: string): string => String(form.get(name) ?? '').trim()

/** The number in a field; null when it is empty, which stands for "as if nobody had set it". */
export function numberIn(form: FormData, name: string): number | null {
  const text = textIn(form, name)
  return text === '' ? null : Number(text)
}

/** What the fields say. A rate of which a part is missing goes to the server as it is: it says what is missing. */
export function limitsIn(form: FormData): Required<LimitsEdit> {
  const count = numberIn(form, 'count')
  const perSeconds = numberIn(form, 'perSeconds')
  const burst = numberIn(form, 'burst')
  const stepSeconds = numberIn(form, 'stepSeconds')
  const rate = { ...(count !== null && { count }), ...(perSeconds !== null && { perSeconds }) }
  const hasRate = count !== null || perSeconds !== null || burst !== null
  return {
    maxConcurrent: numberIn(form, 'maxConcurrent'),
    rateLimit: hasRate ? ({ ...rate, ...(burst !== null && { burst }) } as LimitsEdit['rateLimit'] & object) : null,
    ramp: stepSeconds === null ? null : { stepSeconds },
  }
}

/** Only what differs from what the form was made of: the rest may have been changed meanwhile. */
export function changedIn<Fields extends object>(
  after: Fields,
  before: Readonly<Record<string, unknown>>,
): Partial<Fields> {
  const changed = Object.entries(after).filter(([name, value]) => textOf(value) !== textOf(before[name]))
  return Object.fromEntries(changed) as Partial<Fields>
}

/** Equal for equal values, in whatever order their fields stand. */
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  const fields = Object.entries(value).map(([name, field]) => [name, textOf(field)] as const)
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The limits as the fields of an untouched form say them. */
export const limitsBefore = ({ maxConcurrent, rateLimit, ramp }: Limits): Limits => ({ maxConcurrent, rateLimit, ramp })

export const LIMIT_POINTERS = ['/maxConcurrent', '/rateLimit', '/ramp'] as const

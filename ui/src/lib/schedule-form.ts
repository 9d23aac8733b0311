import type { ScheduleInput } from '../api/operations.ts'
import { withRaw } from './raw-fields.ts'

export type ScheduleFields = Required<Omit<ScheduleInput, 'template' | 'isPaused'>> & { readonly isPaused?: boolean }

/** What the form says, but for the template, whose text is sent as it was typed: parsing it would round its numbers. */
export function scheduleFieldsIn(form: FormData): ScheduleFields {
  const text = (name: string): string => String(form.get(name) ?? '').trim()
  return {
    name: text('name'),
    cron: text('cron'),
    timezone: text('timezone'),
    overlap: text('overlap') as ScheduleFields['overlap'],
    catchUp: text('catchUp') as ScheduleFields['catchUp'],
    jitterSeconds: Number(form.get('jitterSeconds')),
    ...(form.has('canPause') && { isPaused: form.get('isPaused') === 'on' }),
  }
}

/** A new schedule as JSON text. */
export const newScheduleBody = (form: FormData, template: string): string =>
  withRaw(scheduleFieldsIn(form), 'template', template)

/** Only what differs: a change of `cron` or `timezone` drops the times that passed, so neither is sent for nothing. */
export function scheduleChangeBody(
  form: FormData,
  before: Readonly<Record<string, unknown>>,
  template: string | null,
): string {
  const changed = Object.entries(scheduleFieldsIn(form)).filter(([name, value]) => value !== before[name])
  return withRaw(Object.fromEntries(changed), 'template', template)
}

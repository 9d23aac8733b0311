import type { TaskSummary } from '../../api/operations.ts'
import { CheckField, TextField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { isSet } from '../../lib/format.ts'
import { withRaw } from '../../lib/raw-fields.ts'

interface Props {
  /** What it is now; a new one has none. */
  readonly task?: TaskSummary
  readonly isNew?: boolean
  readonly parentIds?: readonly string[]
  /** JSON text. */
  readonly input: string
  readonly onInput: (input: string) => void
}

/** The fields of a task, to create and to change one. */
export function TaskFields({ task, isNew = false, parentIds = [], input, onInput }: Props) {
  return (
    <>
      <div className="grid gap-x-4 sm:grid-cols-2">
        <TextField label="Name" name="name" defaultValue={task?.name} />
        <TextField
          label="Worker"
          name="worker"
          defaultValue={task?.worker}
          required
          hint="Who does it: a path below the base URL of the workers."
        />
        <TextField
          label="Workgroup"
          name="workgroup"
          defaultValue={task?.workgroup}
          hint="What shares one rate limit. Empty is none."
        />
        <TextField
          label="Key"
          name="key"
          defaultValue={task?.key}
          hint="Of the tasks with one key one runs, the others get its result."
        />
        <NumberField label="Attempts left" name="remainingAttempts" value={task?.remainingAttempts ?? 5} />
        <NumberField
          label="Delay after an error, seconds"
          name="errorDelayInSeconds"
          value={task?.errorDelayInSeconds ?? 60}
          step="any"
        />
        <NumberField label="Priority" name="priority" value={task?.priority ?? 0} min={undefined} />
        <NumberField
          label="Weight in the progress"
          name="progressWeight"
          value={task?.progressWeight ?? 1}
          step="any"
        />
        <TextField
          label="Not before"
          name="runAfter"
          defaultValue={task && isSet(task.runAfter) ? task.runAfter : ''}
          placeholder="2026-11-22T10:00:00Z"
          hint="RFC 3339 with its zone. Empty is now."
        />
        {isNew && <TextField label="Id" name="id" hint="Left empty, the server makes one." />}
        {isNew && (
          <TextField
            label="Parents"
            name="parentIds"
            defaultValue={parentIds.join(' ')}
            hint="Ids of this group, with spaces between."
          />
        )}
      </div>
      <CheckField
        label="Seed"
        name="isSeed"
        defaultChecked={task?.isSeed}
        hint="Kept when the group is reset; what is no seed is deleted then."
      />
      {isNew && <CheckField label="Paused" name="isPaused" hint="It waits until it is resumed." />}
      <JsonField label="Input" value={input} onChange={onInput} />
    </>
  )
}

interface NumberProps {
  readonly label: string
  readonly name: string
  readonly value: number
  readonly step?: number | 'any'
  readonly min?: number | undefined
}

const NumberField = ({ label, name, value, step = 1, min = 0 }: NumberProps) => (
  <TextField
    label={label}
    name={name}
    type="number"
    step={step}
    min={name === 'priority' ? undefined : min}
    defaultValue={value}
    required
  />
)

const TEXTS = ['name', 'worker', 'workgroup', 'key', 'runAfter', 'id'] as const
const NUMBERS = ['remainingAttempts', 'errorDelayInSeconds', 'priority', 'progressWeight'] as const

/** What the form says, but for the input, whose text is sent as it was typed: parsing it would round its numbers. */
export function fieldsOf(form: FormData): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const name of TEXTS) if (form.has(name)) fields[name] = String(form.get(name)).trim()
  for (const name of NUMBERS) if (form.has(name)) fields[name] = Number(form.get(name))
  fields.isSeed = form.get('isSeed') === 'on'
  if (!form.has('parentIds')) return fields
  const parentIds = String(form.get('parentIds'))
    .split(/[\s,]+/)
    .filter(Boolean)
  return { ...fields, parentIds, isPaused: form.get('isPaused') === 'on' }
}

/** A new task as JSON text. */
export const newTaskBody = (form: FormData, input: string): string => withRaw(fieldsOf(form), 'input', input)

/** Only what differs from the task that the form was made of: meanwhile the rest may have changed, or may not change. */
export function changeBody(form: FormData, task: TaskSummary, input: string | null): string {
  const before: Readonly<Record<string, unknown>> = { ...task, runAfter: isSet(task.runAfter) ? task.runAfter : '' }
  const changed = Object.entries(fieldsOf(form)).filter(([name, value]) => value !== before[name])
  return withRaw(Object.fromEntries(changed), 'input', input)
}

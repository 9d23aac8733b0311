import { useId, useState } from 'react'
import type { Schedule } from '../../api/operations.ts'
import { CheckField, TextField } from '../../kit/field.tsx'
import { JsonField } from '../../kit/json-field.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { ZoneList } from '../../kit/zone-list.tsx'
import { cronWords } from '../../lib/cron-words.ts'
import { CATCH_UPS, OVERLAPS } from '../../lib/schedule-words.ts'
import { NextRuns } from './next-runs.tsx'

interface Props {
  /** What it is now; a new one has none. */
  readonly schedule?: Schedule
  /** JSON text. */
  readonly template: string
  readonly onTemplate: (template: string) => void
}

/** The fields of a schedule, to create and to change one. */
export function ScheduleFields({ schedule, template, onTemplate }: Props) {
  return (
    <>
      <TextField
        label="Name"
        name="name"
        defaultValue={schedule?.name}
        hint="Also that of its groups, unless the template has one."
      />
      <TimeFields {...(schedule && { schedule })} />
      <div className="grid gap-x-4 sm:grid-cols-3">
        <SelectField
          label="Overlap"
          hint="When the last run has not ended."
          name="overlap"
          defaultValue={schedule?.overlap ?? 'skip'}
          options={OVERLAPS}
        />
        <SelectField
          label="Missed runs"
          hint="Whose time passed while no server ran."
          name="catchUp"
          defaultValue={schedule?.catchUp ?? 'latest'}
          options={CATCH_UPS}
        />
        <TextField
          label="Jitter, seconds"
          name="jitterSeconds"
          type="number"
          min={0}
          max={86_400}
          step="any"
          required
          defaultValue={schedule?.jitterSeconds ?? 0}
          hint="Fires later by up to this."
        />
      </div>
      {!schedule && (
        <>
          <input type="hidden" name="canPause" value="yes" />
          <CheckField label="Paused" name="isPaused" hint="It creates nothing until it is resumed." />
        </>
      )}
      <JsonField
        label="Template"
        value={template}
        onChange={onTemplate}
        isTall
        hint="The group that each run creates, with its tasks. Their ids are local: each run makes its own of them."
      />
    </>
  )
}

/** Pattern and zone, with what comes of them. The server lists times of what is saved alone. */
function TimeFields({ schedule }: { readonly schedule?: Schedule }) {
  const zones = useId()
  const [cron, setCron] = useState(schedule?.cron ?? '0 3 * * *')
  const [timezone, setTimezone] = useState(schedule?.timezone ?? 'UTC')
  const isSaved = schedule?.cron === cron.trim() && schedule.timezone === timezone.trim()
  return (
    <>
      <div className="grid gap-x-4 sm:grid-cols-2">
        <TextField
          label="Cron pattern"
          name="cron"
          required
          maxLength={200}
          value={cron}
          onChange={({ target }) => setCron(target.value)}
          hint={cronWords(cron) ?? 'Minute, hour, day of the month, month, day of the week.'}
        />
        <TextField
          label="Time zone"
          name="timezone"
          required
          list={zones}
          value={timezone}
          onChange={({ target }) => setTimezone(target.value)}
          hint="Of the pattern: an IANA name."
        />
        <ZoneList id={zones} />
      </div>
      <div className="mt-3 rounded-md bg-sunken p-3">
        {schedule && isSaved ? (
          <>
            <h3 className="mb-1 font-medium">Next runs</h3>
            <NextRuns schedule={schedule} count={5} />
          </>
        ) : (
          <p className="text-soft">Once it is saved, its page lists the next runs with local time and offset.</p>
        )}
      </div>
    </>
  )
}

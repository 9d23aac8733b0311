import { useId, useState } from 'react'
import { useNow } from '../../api/server-clock.ts'
import { TextField } from '../../kit/field.tsx'
import { Section } from '../../kit/section.tsx'
import { ZoneList } from '../../kit/zone-list.tsx'
import { isZone, setPreferences, type Theme, timeZoneOf, usePreferences } from '../../shell/preferences.ts'
import { Time } from '../../shell/time.tsx'

/** How this browser shows things; nothing of it is sent to the server. */
export const DisplaySection = () => (
  <Section title="This browser">
    <ThemeChoice />
    <ZoneChoice />
  </Section>
)

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

function ThemeChoice() {
  const { theme } = usePreferences()
  return (
    <Choice
      legend="Theme"
      name="theme"
      value={theme}
      options={THEMES}
      onChange={(value) => setPreferences({ theme: value })}
    />
  )
}

type ZoneKind = 'UTC' | 'local' | 'other'

function ZoneChoice() {
  const { zone } = usePreferences()
  const now = useNow()
  const [isOther, setOther] = useState(zone !== 'UTC' && zone !== 'local')
  const kind: ZoneKind = isOther ? 'other' : zone === 'local' ? 'local' : 'UTC'
  return (
    <div className="mt-4">
      <Choice
        legend="Times in"
        name="zone"
        value={kind}
        options={[
          ['UTC', 'UTC'],
          ['local', `Your zone, ${timeZoneOf('local')}`],
          ['other', 'Another'],
        ]}
        onChange={(value) => {
          setOther(value === 'other')
          if (value !== 'other') setPreferences({ zone: value })
        }}
      />
      {isOther && <OtherZone />}
      <p className="mt-2 text-soft">
        Now: <Time time={new Date(now).toISOString()} />
      </p>
    </div>
  )
}

/** Taken as soon as what is typed is a zone. */
function OtherZone() {
  const id = useId()
  const { zone } = usePreferences()
  const [text, setText] = useState(timeZoneOf(zone))
  return (
    <>
      <TextField
        label="Time zone"
        list={id}
        value={text}
        fault={isZone(text) ? null : `"${text}" is no time zone that this browser knows.`}
        hint="An IANA name, like Europe/Berlin."
        onChange={({ target }) => {
          setText(target.value)
          if (isZone(target.value)) setPreferences({ zone: target.value })
        }}
      />
      <ZoneList id={id} />
    </>
  )
}

interface ChoiceProps<Value extends string> {
  readonly legend: string
  readonly name: string
  readonly value: Value
  readonly options: readonly (readonly [Value, string])[]
  readonly onChange: (value: Value) => void
}

function Choice<Value extends string>({ legend, name, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <fieldset>
      <legend className="font-medium">{legend}</legend>
      <div className="mt-1 flex flex-wrap gap-x-5">
        {options.map(([each, text]) => (
          <label key={each} className="flex min-h-8 items-center gap-2 max-sm:min-h-11">
            <input
              type="radio"
              name={name}
              className="size-4 accent-accent"
              checked={each === value}
              onChange={() => onChange(each)}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

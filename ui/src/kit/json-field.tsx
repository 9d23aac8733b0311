import { useId, useRef } from 'react'
import { jsonFault } from '../lib/json-fault.ts'
import { prettyText } from '../lib/pretty-json.ts'
import { Button } from './button.tsx'
import { CodeArea, type CodeHandle } from './code/code-area.tsx'
import { INPUT } from './field.tsx'

interface Props {
  readonly label: string
  readonly hint?: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isTall?: boolean
}

/** JSON to be written. It is kept as it is typed: formatting moves only the space between its tokens, so no number is rounded. */
export function JsonField({
  label,
  hint = 'JSON, kept as it is written here.',
  value,
  onChange,
  isTall = false,
}: Props) {
  const id = useId()
  const code = useRef<CodeHandle>(null)
  const after = useRef<HTMLButtonElement>(null)
  const fault = jsonFault(value)
  const height = isTall ? 'h-72' : 'h-48'
  return (
    <div className="mt-3">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as a label does, for who has a mouse; the field has its name itself */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same */}
      <div className="mb-1 font-medium" onClick={() => code.current?.focus()}>
        {label}
      </div>
      <CodeArea
        label={label}
        hint={`${hint} Tab and Escape leave it.`}
        text={value}
        onChange={onChange}
        onLeave={() => after.current?.focus()}
        handle={code}
        className={`${height} overflow-hidden rounded-md border ${fault === null ? 'border-edge' : 'border-danger'}`}
        fallback={() => (
          <textarea
            aria-label={label}
            aria-describedby={`${id}-about`}
            spellCheck={false}
            className={`${INPUT} ${height} block font-mono text-[13px]`}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
        )}
      />
      <div className="mt-1 flex flex-wrap items-center gap-2">
        <div id={`${id}-about`} role="status" className="min-w-0 flex-1 break-words text-soft">
          {fault === null ? hint : <span className="text-danger">{fault}</span>}
        </div>
        <Button ref={after} look="quiet" onClick={() => code.current?.find()}>
          Find
        </Button>
        <Button look="quiet" disabled={fault !== null} onClick={() => onChange(prettyText(value))}>
          Format
        </Button>
      </div>
    </div>
  )
}

import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { useKeys } from '../shell/keys.ts'

export interface TabPage {
  readonly name: string
  /** Beside the name: a count, a size. */
  readonly note?: string
  readonly content: ReactNode
}

/** Pages of which one is shown. Arrows move between their tabs, `v` shows the next from anywhere. */
export function Tabs({ label, pages }: { readonly label: string; readonly pages: readonly TabPage[] }) {
  const id = useId()
  const [chosen, setChosen] = useState(pages[0]?.name)
  const list = useRef<HTMLDivElement>(null)
  const at = Math.max(
    0,
    pages.findIndex(({ name }) => name === chosen),
  )
  const show = (index: number): void => setChosen(pages[(index + pages.length) % pages.length]?.name)
  useKeys({ v: () => show(at + 1) })
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    show(at + step)
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[(at + step + pages.length) % pages.length]?.focus()
  }
  return (
    <section aria-label={label} className="rounded-lg border border-line bg-surface">
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        className="flex overflow-x-auto border-b border-line px-1"
        onKeyDown={onKeyDown}
      >
        {pages.map(({ name, note }, index) => (
          <button
            key={name}
            id={`${id}-${index}`}
            type="button"
            role="tab"
            aria-selected={index === at}
            aria-controls={`${id}-page`}
            tabIndex={index === at ? 0 : -1}
            className="min-h-9 border-b-2 border-transparent px-3 font-medium whitespace-nowrap text-soft -outline-offset-2 hover:text-ink aria-selected:border-accent aria-selected:text-ink max-sm:min-h-11"
            onClick={() => show(index)}
          >
            {name}
            {note !== undefined && <span className="font-normal text-soft"> {note}</span>}
          </button>
        ))}
      </div>
      <div id={`${id}-page`} role="tabpanel" aria-labelledby={`${id}-${at}`}>
        {pages[at]?.content}
      </div>
    </section>
  )
}

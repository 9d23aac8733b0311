import { useEffect, useRef, useState } from 'react'
import { INPUT } from './field.tsx'

const DEBOUNCE_MS = 250

/** A search that is applied as one types. `/` goes to it, Escape empties it. */
export function SearchBox(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const { label, value, onChange } = props
  const [text, setText] = useState(value)
  const timer = useRef(0)
  // What is told is told to who listens by then: a filter chosen meanwhile would be undone by the one of before.
  const latest = useRef(onChange)
  latest.current = onChange
  const told = useRef(value)
  useEffect(() => {
    // Of our own telling: the text may have a space more, or letters typed since.
    if (value === told.current) return
    told.current = value
    clearTimeout(timer.current)
    setText(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const apply = (next: string, delayMs: number): void => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => {
      told.current = next.trim()
      latest.current(told.current)
    }, delayMs)
  }
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      data-search-box
      maxLength={200}
      className={`${INPUT} sm:max-w-72`}
      value={text}
      onChange={({ target }) => apply(target.value, DEBOUNCE_MS)}
      onKeyDown={({ key }) => {
        if (key === 'Enter') apply(text, 0)
        if (key === 'Escape') apply('', 0)
      }}
    />
  )
}

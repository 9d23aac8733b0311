import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Code, Selected } from './code-mirror.ts'

type Module = typeof import('./code-mirror.ts')

/** What a button beside it may do; nothing while it is not there yet. */
export interface CodeHandle {
  find(): void
  focus(): void
}

interface Props {
  readonly label: string
  readonly hint?: string | undefined
  /** Null: it is not there yet, and the editor comes meanwhile. */
  readonly text: string | null
  /** Without it the text is to be read only. */
  readonly onChange?: (text: string) => void
  /** Escape in an editor: goes on to what comes after it. In a text to be read it is left to the page. */
  readonly onLeave?: () => void
  /** What is there until both have come; for good where the editor does not. */
  readonly fallback: (isForGood: boolean) => ReactNode
  readonly className: string
  readonly handle?: Ref<CodeHandle>
}

/** CodeMirror, which is fetched when the first of them is shown. */
export function CodeArea({ label, hint, text, onChange, onLeave, fallback, className, handle }: Props) {
  const [module, setModule] = useState<Module | null>(null)
  const [isAlone, setAlone] = useState(false)
  const plain = useRef<HTMLDivElement>(null)
  const host = useRef<HTMLDivElement>(null)
  const selected = useRef<Selected | null>(null)
  const code = useRef<Code | null>(null)
  const latest = useRef({ text, onChange, onLeave })
  latest.current = { text, onChange, onLeave }
  const canWrite = onChange !== undefined
  const hasText = text !== null
  useEffect(() => {
    // At once, so that no key is pressed between the two: it would be lost.
    const change = (arrived: Module): void => {
      selected.current = selectedIn(plain.current)
      flushSync(() => setModule(arrived))
    }
    import('./code-mirror.ts').then(change, () => setAlone(true))
  }, [])
  useLayoutEffect(() => {
    if (!module || !hasText || !host.current) return
    const opened = module.openCode({
      host: host.current,
      text: latest.current.text ?? '',
      label,
      hint,
      onChange: canWrite ? (next) => latest.current.onChange?.(next) : undefined,
    })
    code.current = opened
    if (selected.current) opened.select(selected.current)
    selected.current = null
    const stop = onEscape(host.current, () => opened.closeFind() || leave(latest.current.onLeave))
    return () => {
      stop()
      opened.close()
      code.current = null
    }
  }, [module, hasText, label, hint, canWrite])
  useEffect(() => {
    if (text !== null) code.current?.setText(text)
  }, [text])
  useImperativeHandle(handle, () => ({
    find: () => code.current?.find(),
    focus: () => code.current?.focus(),
  }))
  if (!module || !hasText) {
    return (
      <div ref={plain} className="contents">
        {fallback(isAlone)}
      </div>
    )
  }
  return <div ref={host} data-code={canWrite ? 'edited' : 'shown'} className={className} />
}

/** Where somebody is typing already, before the editor has come. */
function selectedIn(plain: HTMLElement | null): Selected | null {
  const field = document.activeElement
  if (!(field instanceof HTMLTextAreaElement) || !plain?.contains(field)) return null
  return { from: field.selectionStart, to: field.selectionEnd }
}

function leave(onLeave: (() => void) | undefined): boolean {
  onLeave?.()
  return onLeave !== undefined
}

/** Before anybody else: a dialog would close on it, and what was typed would be lost. */
function onEscape(host: HTMLElement, isTaken: () => boolean): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !event.composedPath().includes(host) || !isTaken()) return
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('keydown', listen, { capture: true })
  return () => removeEventListener('keydown', listen, { capture: true })
}

import { useEffect, useRef } from 'react'
import { useMay } from '../api/me.ts'
import type { Guarded } from '../lib/roles.ts'
import { toast } from './toasts.ts'

/** Keys and what they do on this page: `g g` is one after the other. */
export type Keys = Readonly<Record<string, () => void>>

const SEQUENCE_MS = 1000

/** What is on the page, the newest last: a drawer over a list has the say on the keys that both know. */
const layers: (() => Keys)[] = []
let previous = { key: '', at: 0 }

/**
 * Never inside inputs, menus and dialogs, whose keys are their own, and never with a modifier. `needs`: what keys do that not everybody
 * may; those are told why it does nothing.
 */
export function useKeys(keys: Keys, needs: Readonly<Record<string, Guarded>> = {}): void {
  const refusalOf = useMay()
  const current = useRef<Keys>({})
  current.current = Object.fromEntries(
    Object.entries(keys).map(([key, run]) => {
      const refusal = needs[key] === undefined ? null : refusalOf(needs[key])
      return [key, refusal === null ? run : () => toast.failure(refusal)]
    }),
  )
  useEffect(() => {
    const layer = (): Keys => current.current
    if (layers.length === 0) document.addEventListener('keydown', onKey)
    layers.push(layer)
    return () => {
      layers.splice(layers.indexOf(layer), 1)
      if (layers.length === 0) document.removeEventListener('keydown', onKey)
    }
  }, [])
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
  const isSequence = event.timeStamp - previous.at < SEQUENCE_MS
  const run = actionOf(isSequence ? `${previous.key} ${event.key}` : '') ?? actionOf(event.key)
  previous = { key: event.key, at: event.timeStamp }
  if (!run) return
  event.preventDefault()
  run()
}

const actionOf = (key: string): (() => void) | undefined =>
  layers.map((layer) => layer()[key]).findLast((run) => run !== undefined)

/** Of an event in a shadow root the target is its host: what a code editor has inside is looked at by the path. */
function isTyping(event: KeyboardEvent): boolean {
  const [innermost] = event.composedPath()
  const isIn = (target: EventTarget | null | undefined): boolean =>
    target instanceof HTMLElement && target.closest(TYPING) !== null
  return isIn(innermost) || isIn(event.target)
}

const TYPING =
  'input, textarea, select, [contenteditable=true], [contenteditable=""], [role=menu], [role=dialog]:not([data-drawer])'

export const focusSearch = (): void => document.querySelector<HTMLElement>('[data-search-box]')?.focus()

/** What `?` shows. */
export const KEY_HELP: readonly (readonly [keys: string, what: string])[] = [
  ['?', 'show the keys'],
  ['Ctrl K or ⌘ K', 'go to a page or an id'],
  ['/', 'search in this list'],
  ['g g', 'task groups'],
  ['g w', 'workers'],
  ['g o', 'workgroups'],
  ['g s', 'schedules'],
  ['g a', 'activity'],
  ['g e', 'errors'],
  ['g ,', 'settings'],
  ['j, k', 'move in a table'],
  ['Enter', 'open'],
  ['o', 'open the task beside the list'],
  ['], [', 'next or previous failed task of the group'],
  ['v', 'next part of the task: input, output, errors'],
  ['x, Shift x', 'choose the row, or all up to it'],
  ['*', 'choose all that match'],
  ['← → ↑ ↓', 'in a graph: parents, children and neighbours'],
  ['+, −, 0', 'zoom a graph, fit it into its window'],
  ['p', 'pause or resume what this page is about'],
  ['y', 'retry the group or task of this page'],
  ['e', 'edit the task or the schedule'],
  ['c', 'copy the id'],
  ['r', 'stop or start following the server'],
  ['t', 'theme: system, light, dark'],
  ['z', 'times in UTC or in your zone'],
  ['Esc', 'close'],
]

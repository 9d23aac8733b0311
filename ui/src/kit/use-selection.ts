import { useState } from 'react'
import { allMatching, NOTHING, pageToggled, ranged, type Selection, toggled } from '../lib/selection.ts'
import { useKeys } from '../shell/keys.ts'

export interface Selecting {
  readonly selection: Selection
  /** With Shift: all from the row that was chosen last. */
  readonly choose: (id: string, isRange: boolean) => void
  readonly choosePage: () => void
  readonly chooseAllMatching: () => void
  readonly clear: () => void
}

/**
 * Rows that are chosen, kept while the list is read again and paged. `x` chooses the row that has the focus, `X` up to it, `*` all that
 * match. `about` says which list it is: another filter begins with nothing.
 */
export function useSelection(rows: readonly string[], about: string): Selecting {
  const [kept, keep] = useState({ about, selection: NOTHING })
  const selection = kept.about === about ? kept.selection : NOTHING
  const set = (next: Selection): void => keep({ about, selection: next })
  const choose = (id: string, isRange: boolean): void =>
    set(isRange ? ranged(selection, id, rows) : toggled(selection, id))
  const chooseFocused = (isRange: boolean): void => {
    const id = document.activeElement?.closest<HTMLElement>('[data-row]')?.dataset.row
    if (id !== undefined) choose(id, isRange)
  }
  const chooseAllMatching = (): void => set(allMatching(rows))
  const chooseUpToFocused = (): void => chooseFocused(true)
  useKeys({ x: () => chooseFocused(false), X: chooseUpToFocused, '*': chooseAllMatching })
  return {
    selection,
    choose,
    choosePage: () => set(pageToggled(selection, rows)),
    chooseAllMatching,
    clear: () => set(NOTHING),
  }
}

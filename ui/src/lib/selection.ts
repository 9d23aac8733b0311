/** Which rows of a list are chosen: some by their ids, or all that match its filter, on whatever page. */
export interface Selection {
  readonly ids: ReadonlySet<string>
  readonly isAllMatching: boolean
  /** Where a range begins: the row that was chosen last. */
  readonly anchor: string | null
}

export const NOTHING: Selection = { ids: new Set(), isAllMatching: false, anchor: null }

/** Chooses a row, or no longer. */
export function toggled({ ids }: Selection, id: string): Selection {
  const next = new Set(ids)
  if (!next.delete(id)) next.add(id)
  return { ids: next, isAllMatching: false, anchor: id }
}

/** Chooses all rows from the one that was chosen last to this one, in the order shown. */
export function ranged(selection: Selection, id: string, rows: readonly string[]): Selection {
  const [from, to] = [rows.indexOf(selection.anchor ?? id), rows.indexOf(id)]
  if (from === -1 || to === -1) return toggled(selection, id)
  const between = rows.slice(Math.min(from, to), Math.max(from, to) + 1)
  return { ids: new Set([...selection.ids, ...between]), isAllMatching: false, anchor: id }
}

/** Chooses all rows of this page; none, when all are. */
export function pageToggled({ ids }: Selection, rows: readonly string[]): Selection {
  const next = new Set(ids)
  const isWhole = rows.every((id) => next.has(id))
  for (const id of rows) isWhole ? next.delete(id) : next.add(id)
  return { ids: next, isAllMatching: false, anchor: null }
}

export const allMatching = (rows: readonly string[]): Selection => ({
  ids: new Set(rows),
  isAllMatching: true,
  anchor: null,
})

export const isChosen = ({ ids, isAllMatching }: Selection, id: string): boolean => isAllMatching || ids.has(id)

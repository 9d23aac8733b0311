/** What of a store is not as it should be. */
export type FaultKind =
  | 'file'
  | 'group'
  | 'task'
  | 'lane'
  | 'edge'
  | 'row'
  | 'gate'
  | 'name'
  | 'counter'
  | 'index'
  | 'record'

/** A difference between what a store keeps and what a full scan of it says (I12). */
export interface Fault {
  readonly kind: FaultKind
  /** Which of its kind. */
  readonly id: string
  /** What of it. */
  readonly what: string
  readonly expected: string
  readonly found: string
}

export function faultOf(
  kind: FaultKind,
  id: string | number,
  what: string,
  { expected, found }: { readonly expected: unknown; readonly found: unknown },
): Fault {
  return { kind, id: String(id), what, expected: String(expected), found: String(found) }
}

/** Two readings of a store that changes have these in common: what is still so is no matter of the moment. */
export function lastingFaults(first: readonly Fault[], second: readonly Fault[]): Fault[] {
  const seen = new Set(first.map(sentenceOf))
  return second.filter((fault) => seen.has(sentenceOf(fault)))
}

/** One line: what, of what, what it is, what it should be. */
export const sentenceOf = ({ kind, id, what, expected, found }: Fault): string =>
  `${kind} ${id}: ${what} is ${found}, a full scan says ${expected}`

/** What to do about it. Nothing of a store is mended in place: who mends a counter hides what broke it. */
export function adviceOn({ kind }: Pick<Fault, 'kind'>): string {
  switch (kind) {
    case 'file':
      return 'restore the last backup'
    case 'record':
      return 'save it again, or delete it'
    case 'task':
    case 'edge':
    case 'row':
    case 'group':
    case 'lane':
    case 'gate':
    case 'name':
    case 'counter':
    case 'index':
      return 'write a backup with --format jsonl and restore it into a new store, which counts and lists everything anew'
  }
}

/** A short message about what an action did. */
export interface Toast {
  readonly id: number
  readonly kind: 'success' | 'failure'
  readonly text: string
}

const SHOWN_MS = 5000

let shown: readonly Toast[] = []
let nextId = 1
const listeners = new Set<() => void>()

/** Success goes away by itself; a failure stays until it was read. */
export const toast = {
  success: (text: string): void => {
    const id = add('success', text)
    setTimeout(() => dismissToast(id), SHOWN_MS)
  },
  failure: (text: string): void => void add('failure', text),
}

function add(kind: Toast['kind'], text: string): number {
  const id = nextId++
  change([...shown, { id, kind, text }])
  return id
}

export const dismissToast = (id: number): void => change(shown.filter((each) => each.id !== id))

function change(next: readonly Toast[]): void {
  shown = next
  for (const listener of listeners) listener()
}

export const toastStore = {
  get: (): readonly Toast[] => shown,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

import { TASK_STATES } from '../../../lib/states.ts'

/** What a canvas, which knows no style sheets, is painted with. */
export interface GraphColors {
  /** By index of the state; one more is that of ghosts. */
  readonly fills: readonly string[]
  readonly wire: string
  readonly accent: string
  readonly text: string
  readonly surface: string
}

export function readGraphColors(): GraphColors {
  const style = getComputedStyle(document.documentElement)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  const fills = TASK_STATES.map((state) => read(`--fill-${state}`) || read(`--state-${state}`))
  return {
    fills: [...fills, read('--line')],
    wire: read('--edge'),
    accent: read('--accent'),
    text: read('--soft'),
    surface: read('--surface'),
  }
}

/** Calls after the theme has changed; answers how to stop. */
export function onThemeChange(run: () => void): () => void {
  const observer = new MutationObserver(run)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

import { useKeys } from '../shell/keys.ts'

/** `j` and `k` move over the links of the rows; Enter opens one, as it does with any link. */
export function useRowKeys(): void {
  useKeys({ j: () => move(1), k: () => move(-1) })
}

function move(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-row-link]')]
  const at = links.indexOf(document.activeElement as HTMLElement)
  links[at === -1 ? 0 : Math.max(0, Math.min(links.length - 1, at + step))]?.focus()
}

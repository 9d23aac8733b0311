import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'
/** `local` is that of the browser; others are IANA names. */
export type Zone = string

export interface Preferences {
  readonly theme: Theme
  readonly zone: Zone
}

const KEY = 'crew.preferences'
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()
let current = read()

/** How this browser likes to see things. Nothing secret is kept here. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current)
}

export function timeZoneOf(zone: Zone): string {
  return zone === 'local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : zone
}

/** Whether the browser can show times of it. */
export function isZone(name: unknown): name is Zone {
  try {
    return (
      typeof name === 'string' && name !== '' && new Intl.DateTimeFormat('en', { timeZone: timeZoneOf(name) }) !== null
    )
  } catch {
    return false
  }
}

export const useTimeZone = (): string => timeZoneOf(usePreferences().zone)

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change }
  try {
    localStorage.setItem(KEY, JSON.stringify(current))
  } catch {
    // A browser that keeps nothing forgets this with the tab.
  }
  applyTheme()
  for (const listener of listeners) listener()
}

const next = <Value>(all: readonly Value[], value: Value): Value => all[(all.indexOf(value) + 1) % all.length] ?? value

export const switchTheme = (): void =>
  setPreferences({ theme: next<Theme>(['system', 'light', 'dark'], current.theme) })
export const switchZone = (): void => setPreferences({ zone: current.zone === 'UTC' ? 'local' : 'UTC' })

/** Before the first paint, so that nothing flashes. */
export function startTheme(): void {
  prefersDark.addEventListener('change', applyTheme)
  applyTheme()
}

function applyTheme(): void {
  const isDark = current.theme === 'dark' || (current.theme === 'system' && prefersDark.matches)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(): Preferences {
  try {
    const { theme, zone } = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return {
      theme: ['light', 'dark'].includes(theme) ? theme : 'system',
      zone: isZone(zone) ? zone : 'UTC',
    }
  } catch {
    return { theme: 'system', zone: 'UTC' }
  }
}

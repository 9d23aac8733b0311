import type { Snapshot } from './snapshot.ts'

const BAR_WIDTH = 20

/** In the order in which a task passes through them; what a newer server adds follows. */
const STATES = ['succeeded', 'running', 'ready', 'retrying', 'throttled', 'scheduled', 'paused', 'blocked', 'failed']

/** The bar with the share done and how many tasks are in which state. */
export function progressLine(snapshot: Pick<Snapshot, 'completedPercent' | 'counts'>): string {
  // Rounded down, so that 100 % means done.
  const percent = Math.floor(snapshot.completedPercent * 100 + 1e-9)
  const filled = Math.floor((percent * BAR_WIDTH) / 100)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
  return `${bar} ${String(percent).padStart(3)} %  ${countsText(snapshot.counts)}`
}

function countsText(counts: Snapshot['counts']): string {
  const states = new Set([...STATES, ...counts.keys()])
  return [...states].flatMap((state) => (counts.get(state) ? [`${counts.get(state)} ${state}`] : [])).join(' · ')
}

import type { KeyTally } from '../../simulation/storm/storm-tally.ts'
import { seconds } from '../durations.ts'
import { keyState } from './key-state.ts'
import type { StormMoment } from './storm-moment.ts'
import type { StormRun } from './storm-options.ts'

/** Narrow, so that the state has room in most terminals. */
const BAR_WIDTH = 10

/** One line for each key, and one for all: how it stands, and how fast it went since the moment before. */
export function liveLines(run: StormRun, moment: StormMoment, before: StormMoment | undefined): readonly string[] {
  const time = seconds(moment.tally.elapsedMs ?? 0).padStart(6)
  const width = Math.max(...run.plan.keys.map((key) => key.name.length))
  return run.plan.keys.map((key) => {
    const rate = rateOf(key.name, moment, before)
    const tally = moment.tally.keys.get(key.name)
    const cells = [
      key.name.padEnd(width),
      bar(rate / key.quotaPerSecond),
      `${String(Math.round(rate)).padStart(3)}/s`,
      `in flight ${String(tally?.inFlight ?? 0).padStart(2)}`,
      `over quota ${String(tally?.overQuota ?? 0).padStart(3)}`,
      stateOf(key.name, moment),
    ]
    return `${time}  ${cells.join('  ')}`
  })
}

/** Calls a second since the moment before. */
function rateOf(key: string, moment: StormMoment, before: StormMoment | undefined): number {
  const tally = moment.tally.keys.get(key)
  const { elapsedMs } = moment.tally
  if (tally === undefined || elapsedMs === null) return 0
  const ms = elapsedMs - (before?.tally.elapsedMs ?? 0)
  return ms <= 0 ? 0 : ((tally.calls - callsIn(before?.tally.keys.get(key))) * 1000) / ms
}

const callsIn = (tally: KeyTally | undefined): number => tally?.calls ?? 0

/** A full bar is the quota; what is more than that does not show in it. */
function bar(share: number): string {
  const filled = Math.min(BAR_WIDTH, Math.round(share * BAR_WIDTH))
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
}

/** The state of a key in words. */
export function stateOf(key: string, moment: StormMoment): string {
  const view = moment.views.get(key)
  return view ? keyState(view, moment.at) : ''
}

import type { World } from '../../contract/worker.ts'
import { ClientError } from '../client-error.ts'
import type { CrewClient } from '../crew-client.ts'
import { seconds } from '../durations.ts'
import type { Board } from './board.ts'
import { stateKind } from './key-state.ts'
import { liveLines, stateOf } from './live-lines.ts'
import { readMoment, type StormMoment } from './storm-moment.ts'
import type { StormRun } from './storm-options.ts'

/** What watching a storm takes. */
export interface StormWatch extends Pick<World, 'sleep' | 'now'> {
  readonly client: CrewClient
  readonly run: StormRun
  readonly board: Board
  readonly signal?: AbortSignal | undefined
}

const POLL_MS = 1000

/** A server that is busy may be late; one that is gone has taken the provider with it. */
const MAX_MISSES = 15

/** Shows once a second how each key stands, until every task has succeeded or failed; answers how it stands then. */
export async function watchStorm(watch: StormWatch): Promise<StormMoment> {
  let before: StormMoment | undefined
  let dueAt = watch.now() + POLL_MS
  for (let misses = 0; ; ) {
    await watch.sleep(Math.max(0, dueAt - watch.now()), watch.signal)
    dueAt = Math.max(dueAt, watch.now()) + POLL_MS
    const moment = await readOrMiss(watch, misses)
    misses = moment ? 0 : misses + 1
    if (moment) {
      noteChanges(watch, moment, before)
      watch.board.show(liveLines(watch.run, moment, before))
      before = moment
      if (isFinished(moment)) return finish(watch, moment)
    }
  }
}

const isFinished = ({ groupState }: StormMoment): boolean => groupState === 'succeeded' || groupState === 'failed'

/** The provider counts to the very end: what it had counted was read at the same time as the state, not after it. */
async function finish(watch: StormWatch, finished: StormMoment): Promise<StormMoment> {
  watch.board.settle()
  return (await readOrMiss(watch, 0)) ?? finished
}

async function readOrMiss({ client, run, now }: StormWatch, misses: number): Promise<StormMoment | undefined> {
  try {
    return await readMoment(client, run, now)
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) {
      throw new ClientError('gone', 'The storm is gone: its task group was deleted, or its server started again.')
    }
    const mayPass = error instanceof ClientError && (error.kind === 'unreachable' || error.kind === 'busy')
    if (!mayPass || misses >= MAX_MISSES) throw error
    return undefined
  }
}

function noteChanges(watch: StormWatch, moment: StormMoment, before: StormMoment | undefined): void {
  for (const line of outageLines(watch.run, moment, before)) watch.board.line(line)
  const time = seconds(moment.tally.elapsedMs ?? 0).padStart(6)
  for (const { name } of watch.run.plan.keys) {
    const state = stateOf(name, moment)
    if (before && stateKind(state) === stateKind(stateOf(name, before))) continue
    watch.board.note(`${time}  ${name}: ${state}`)
  }
}

function outageLines({ plan }: StormRun, moment: StormMoment, before: StormMoment | undefined): readonly string[] {
  const { afterMs, lastsMs } = plan.outage
  const keys = plan.keys.filter((key) => key.hasOutage).map((key) => key.name)
  const isPast = (ms: number): boolean => (moment.tally.elapsedMs ?? 0) >= ms && (before?.tally.elapsedMs ?? 0) < ms
  if (lastsMs === 0) return []
  return [
    ...(isPast(afterMs) ? [`${seconds(afterMs).padStart(6)}  ✗ the provider is out for ${keys.join(' and ')}`] : []),
    ...(isPast(afterMs + lastsMs) ? [`${seconds(afterMs + lastsMs).padStart(6)}  ✓ the provider is back`] : []),
  ]
}

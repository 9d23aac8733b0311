import type { World } from '../contract/worker.ts'
import { checkAddress } from './check-address.ts'
import { ClientError } from './client-error.ts'
import type { CrewClient } from './crew-client.ts'
import { seconds } from './durations.ts'
import type { Moments } from './moments.ts'
import { progressLine } from './progress-line.ts'
import type { Screen } from './screen.ts'
import { readSnapshot, type Snapshot } from './snapshot.ts'

/** What following a group takes: where to ask, where to print, and the clock. */
export interface Watch extends Pick<World, 'sleep' | 'now'> {
  readonly client: CrewClient
  readonly groupId: string
  readonly screen: Screen
  readonly moments: Moments
  readonly startedAt: number
  readonly signal: AbortSignal | undefined
}

/** Often enough that no hold or failure of a second goes by unseen, seldom enough to be no load. */
const POLL_MS = 400

/** Half a minute: a server that is restarted in the middle of the demo goes on with it, and so does this. */
const MAX_MISSES = 75

/** Shows the group's progress until it has succeeded or failed, and answers how it stands then. */
export async function follow(watch: Watch): Promise<Snapshot> {
  for (let misses = 0; ; ) {
    const snapshot = await readOrMiss(watch, misses)
    misses = snapshot ? 0 : misses + 1
    if (snapshot && isFinished(snapshot)) return finish(watch, snapshot)
    if (snapshot) {
      show(watch, snapshot)
      watch.screen.progress(progressLine(snapshot))
      await checkAddress(watch.client, snapshot)
    }
    await watch.sleep(POLL_MS, watch.signal)
  }
}

/** Prints a line with the time since the start. */
export function say(watch: Watch, text: string): void {
  watch.screen.line(`${seconds(watch.now() - watch.startedAt).padStart(6)}  ${text}`)
}

function isFinished(snapshot: Snapshot): boolean {
  return snapshot.state === 'succeeded' || snapshot.state === 'failed'
}

/** Reads once more: the task list of the last snapshot may be older than the state that ended it. */
async function finish(watch: Watch, finished: Snapshot): Promise<Snapshot> {
  // As best it can: without a second answer the first will do.
  const last = await readSnapshot(watch.client, watch.groupId).catch(() => finished)
  show(watch, last)
  watch.screen.settle(progressLine(last))
  return last
}

function show(watch: Watch, snapshot: Snapshot): void {
  for (const line of watch.moments.notice(snapshot, watch.now())) say(watch, line)
}

/** The snapshot, or undefined when the server does not answer just now. */
async function readOrMiss(watch: Watch, misses: number): Promise<Snapshot | undefined> {
  try {
    const snapshot = await readSnapshot(watch.client, watch.groupId)
    if (misses > 0) say(watch, '▶ the server answers again')
    return snapshot
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) {
      throw new ClientError('gone', `The task group ${watch.groupId} was deleted while it ran.`)
    }
    const mayPass = error instanceof ClientError && (error.kind === 'unreachable' || error.kind === 'busy')
    if (!mayPass || misses >= MAX_MISSES) throw error
    if (misses === 0) say(watch, '‖ the server does not answer: waiting for it, the group goes on where it stood')
    return undefined
  }
}

import { progressLine } from '../../../demo-workers/client/progress-line.ts'
import { createScreen } from '../../../demo-workers/client/screen.ts'
import { CrewProblem } from '../../../sdk/typescript/src/client/crew-problem.ts'
import type { ClientWorld } from './client-world.ts'
import type { Server } from './connection-flags.ts'
import { plainValue, rawMembers } from './raw-members.ts'
import { oneLine } from './terminal-text.ts'

/** How a group stood when it had ended, or when the time was up. */
export interface Settled {
  readonly text: string
  readonly state: string
  readonly isTooLate: boolean
}

interface SettleOptions {
  readonly server: Server
  readonly id: string
  /** Epoch milliseconds; undefined waits as long as it takes. */
  readonly until: number | undefined
  readonly world: ClientWorld
}

/** With events the questions are only a safety net; without them they are all there is. */
const POLL_MS = { heard: 5000, deaf: 1000 }
/** A busy group changes a thousand times a second, and a person sees ten. */
const SHORTEST_MS = 150

/** Waits until the group has ended, and shows how far it is: a bar on a terminal, else lines, on stderr. */
export async function settle({ server, id, until, world }: SettleOptions): Promise<Settled> {
  const screen = createScreen({ out: world.tell, isTty: world.isTty.stderr, now: world.now })
  const over = new AbortController()
  const events = listen(server, id, over.signal)
  try {
    let last: Settled | null = null
    for (;;) {
      const leftMs = until === undefined ? Number.POSITIVE_INFINITY : until - world.now()
      const seen = await look({ server, id, leftMs, last })
      last = seen
      const line = `${oneLine(id)}  ${progressOf(rawMembers(seen.text))}`
      if (!seen.isTooLate || leftMs <= 0) {
        screen.settle(line)
        return seen
      }
      screen.progress(line)
      await world.sleep(Math.min(SHORTEST_MS, leftMs))
      const pollMs = events.isHeard() ? POLL_MS.heard : POLL_MS.deaf
      await pause(world, { next: events.next(), ms: Math.min(pollMs, leftMs - SHORTEST_MS) })
    }
  } finally {
    over.abort()
  }
}

interface Look {
  readonly server: Server
  readonly id: string
  readonly leftMs: number
  /** What was seen before. */
  readonly last: Settled | null
}

/** A first look has that long in any case: a timeout of nothing asks how it stands. */
const FIRST_LOOK_MS = 5000
/** Longer than a server that is away is waited for: whoever does not answer at all is not there. */
const LONGEST_LOOK_MS = 60_000

/** How the group stands. A server that stays away until the time is up leaves what was seen before. */
async function look({ server, id, leftMs, last }: Look): Promise<Settled> {
  const path = `api/v1/task_group/${encodeURIComponent(id)}`
  const signal = AbortSignal.timeout(Math.min(LONGEST_LOOK_MS, Math.max(leftMs, FIRST_LOOK_MS)))
  try {
    const text = await server.patient.send({ method: 'GET', path, body: null }, { signal })
    const state = plainValue(rawMembers(text).get('state'))
    return { text, state, isTooLate: !['succeeded', 'failed', 'empty'].includes(state) }
  } catch (error) {
    if (!signal.aborted) throw error
    if (last !== null && leftMs < LONGEST_LOOK_MS) return last
    throw new CrewProblem({ status: 0, code: 'unreachable', title: 'No answer', detail: 'No answer' }, { cause: error })
  }
}

function progressOf(group: ReturnType<typeof rawMembers>): string {
  const counts = [...rawMembers(group.get('counts') ?? '{}')].map(([name, raw]) => [name, Number(raw)] as const)
  return progressLine({
    completedPercent: Number(group.get('completedPercent') ?? 0),
    counts: new Map(counts),
  })
}

/** Until something happened, or the time is over. */
async function pause(
  world: ClientWorld,
  { next, ms }: { readonly next: Promise<void>; readonly ms: number },
): Promise<void> {
  if (ms <= 0) return
  const over = new AbortController()
  await Promise.race([next, world.sleep(ms, over.signal).catch(() => undefined)])
  over.abort()
}

interface Events {
  isHeard(): boolean
  /** Resolves when something happened since it was asked last. */
  next(): Promise<void>
}

/** The server's events of a group, as hints alone: whatever goes wrong with them, the questions go on. */
function listen(server: Server, id: string, signal: AbortSignal): Events {
  let isHeard = false
  let hasNews = false
  let wake: (() => void) | null = null
  const news = (): void => {
    hasNews = wake === null
    wake?.()
    wake = null
  }
  const read = async (): Promise<void> => {
    const path = `api/v1/events?taskGroup=${encodeURIComponent(id)}`
    const response = await server.once.sendOnce({ method: 'GET', path, body: null }, signal)
    if (!response.ok || response.body === null) return
    isHeard = true
    for await (const _chunk of response.body) news()
  }
  read()
    .catch(() => undefined)
    .finally(() => {
      isHeard = false
    })
  return {
    isHeard: () => isHeard,
    next: () =>
      new Promise((resolve) => {
        if (hasNews) resolve()
        else wake = resolve
        hasNews = false
      }),
  }
}

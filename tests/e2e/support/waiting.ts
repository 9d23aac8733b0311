import type { Api } from './api-client.ts'

/** Starting takes half a second and answers milliseconds; this is for machines that are busy. */
export const DEADLINE_MS = 100_000
const POLL_MS = 10

/** Waits until `check` answers something, asking again and again; for what a server shows from outside only. */
export async function eventually<Value>(
  what: string,
  check: () => Promise<Value | false | null | undefined> | Value | false | null | undefined,
  deadlineMs: number = DEADLINE_MS,
): Promise<Value> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const value = await check()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`${what}: still not so after ${deadlineMs} ms`)
    await pass(POLL_MS)
  }
}

/** Lets time pass where time itself is what is tested: a pause between polls, the moment of a race, a silence to be observed. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** How often a busy machine may be late. */
const TRIES = 4

/**
 * Measures until it was in time, a few times at most, and answers what it measured last. For bounds that are close: what is late because
 * the machine is busy is in time once, what is late by itself never.
 */
export async function once<Measured>(
  measure: (time: number) => Promise<Measured>,
  isInTime: (measured: Measured) => boolean,
): Promise<Measured> {
  for (let time = 1; ; time++) {
    const measured = await measure(time)
    if (isInTime(measured) || time === TRIES) return measured
  }
}

/** A few of them: a POST that is under way needs some turns of its server, to connect and to be written. */
const ROUND_TRIPS = 3

/**
 * Resolves with the time when all that the server had begun to send before is on its way: it has answered some calls since, each
 * in a turn of its own. On a busy machine that is later than any fixed time.
 */
export async function onItsWay(api: Pick<Api, 'call'>): Promise<number> {
  // One that has ended meanwhile sends nothing more.
  for (let trip = 0; trip < ROUND_TRIPS; trip++) await api.call('GET', '/livez').catch(() => null)
  return performance.now()
}

/** Runs the rounds a few at a time: enough to load a server, few enough to leave the other core to it. */
export async function inLanes<Item>(items: readonly Item[], lanes: number, run: (item: Item) => Promise<void>) {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

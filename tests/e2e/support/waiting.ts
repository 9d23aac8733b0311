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

/** Runs the rounds a few at a time: enough to load a server, few enough to leave the other core to it. */
export async function inLanes<Item>(items: readonly Item[], lanes: number, run: (item: Item) => Promise<void>) {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** A net for what never comes: nothing waits that long where it does. */
const DEADLINE_MS = 60_000
/** Between two looks, at what nothing tells about. */
const LOOK_MS = 20

/** Waits until it is so; for what shows from outside only. Rejects with `explain` when it stays otherwise. */
export async function eventually(isSo: () => Promise<boolean>, explain?: () => Promise<string>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`still not so after ${DEADLINE_MS} ms: ${(await explain?.()) ?? isSo}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

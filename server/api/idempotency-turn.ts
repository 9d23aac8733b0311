import type { LedgerDeps } from './idempotency-ledger.ts'

/** The right to run what a key is for. */
export interface Turn {
  /** Its time ended before it was renewed: another server may have it now. */
  isLost(): boolean
  end(): void
}

/**
 * A server that dies keeps its turns this long: its clients come back each second until then. No request has a bound that a fixed time
 * could stand on (a reset of 100,000 tasks takes as long as it takes), so turns are short and renewed.
 */
const TURN_MS = 10_000
const RENEW_MS = 3_000

/** Where one server has the store, what runs here is all that runs. */
const sole: Turn = { isLost: () => false, end: () => {} }

/**
 * Null: another server has it. What this server finds in its own name was left behind when the storage was away. Turns are a courtesy, which
 * keeps work from being done in vain: clocks that differ by more than their length do no harm beyond that.
 */
export async function takeTurn({ storage, clock, every, server }: LedgerDeps, id: string): Promise<Turn | null> {
  if (!storage.feed) return sole
  const key = `idempotency-turn:${id}`
  let until = clock.now() + TURN_MS
  const holder = await storage.createRecord(key, server, until)
  if (holder !== null && holder !== server) return null
  const isLost = (): boolean => clock.now() >= until
  const renew = async (): Promise<void> => {
    if (isLost()) return
    const next = clock.now() + TURN_MS
    await storage.putRecord(key, server, next)
    until = next
  }
  if (holder === server) await renew()
  // Best effort: a storage that is away for so long loses the turn.
  const stop = every(RENEW_MS, () => void renew().catch(() => {}))
  const drop = async (): Promise<void> => storage.putRecord(key, null)
  return {
    isLost,
    end: () => {
      stop()
      if (!isLost()) drop().catch(() => {})
    },
  }
}

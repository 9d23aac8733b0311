import type { ReactNode } from 'react'
import type { Worker } from '../../api/operations.ts'
import { useNow } from '../../api/server-clock.ts'
import { heldOf } from '../../api/traffic.ts'
import { isHeldAt, isLost, lookOfBound, ruleText } from '../../lib/traffic.ts'
import { HeldState, HoldCause } from '../traffic/held-line.tsx'
import { ForNow, NextStart } from '../traffic/next-start.tsx'

/** The first thing to read: may it start, until when not, and whose doing that is. */
export function WorkerStatus({ worker }: { readonly worker: Worker }) {
  const held = heldOf(worker)
  const isHeld = isHeldAt(held.heldUntil, useNow())
  if (worker.isRule)
    return (
      <Box look="ready">
        <p>A {ruleText(worker.name)}. Each of them counts by itself.</p>
      </Box>
    )
  return (
    <Box look={worker.bound !== null ? lookOfBound(worker.bound) : isLost(worker) ? 'retrying' : 'succeeded'}>
      {(isHeld || !isLost(worker)) && (
        <p>{isHeld || worker.bound === null ? <HeldState held={held} /> : <NextStart gate={worker} />}</p>
      )}
      {held.hold && (
        <p className="mt-1">
          <HoldCause hold={held.hold} reason={held.reason} />
        </p>
      )}
      <ForNow gate={worker} />
      <Address worker={worker} />
    </Box>
  )
}

function Box({ look, children }: { readonly look: string; readonly children: ReactNode }) {
  return (
    <section
      aria-label="State"
      data-state-of={look}
      className="mt-2 rounded-lg border border-line border-l-4 border-l-(--state-color) bg-surface px-4 py-2.5"
    >
      {children}
    </section>
  )
}

function Address({ worker }: { readonly worker: Worker }) {
  const { address } = worker
  if (address !== null)
    return (
      <p className="mt-1 break-all text-soft">
        POST <code>{address}</code>
      </p>
    )
  if (!isLost(worker)) return <p className="mt-1 text-soft">It fetches its tasks.</p>
  return (
    <p data-state-of="retrying" className="state mt-1 font-semibold">
      ⚠ Nobody knows where it is: give it a URL below, or start the server with CREW_WORKER_BASE_URL.
    </p>
  )
}

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import type { LimitsEdit, PastHold, Traffic, Worker, Workgroup } from './operations.ts'

/** What is held, limited and opened: a worker, a workgroup, or all tasks together. */
export type Gate = Pick<Traffic, 'maxConcurrent' | 'rateLimit' | 'ramp' | 'window' | 'pace' | 'nextStartAt' | 'bound'>
export type Bound = NonNullable<Gate['bound']>
export type Hold = NonNullable<Worker['hold']>
export type HoldKind = PastHold['kind']

/** How long somebody wants it held: so many seconds, until a time, or, without both, until it is resumed. */
export interface HoldBody {
  readonly seconds?: number
  readonly until?: string
  readonly reason?: string
}

/** A hold that may be in force, of whatever has one. */
export interface Held {
  readonly name: string
  readonly hold: Hold | null
  readonly heldUntil: string
  readonly reason: string
}

export const heldOf = (of: Worker | Workgroup): Held => ({
  name: of.name,
  hold: of.hold,
  heldUntil: of.heldUntil,
  reason: 'holdReason' in of ? of.holdReason : of.reason,
})

export const allTraffic = queryOptions({
  queryKey: ['traffic'],
  queryFn: ({ signal }) => call('getTraffic', {}, signal),
  refetchInterval,
})

export function useTrafficEdit() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: LimitsEdit) => call('updateTraffic', { body }),
    onSuccess: () => refreshAll(client),
  })
}

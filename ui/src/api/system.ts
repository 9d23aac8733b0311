import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from './client.ts'
import { refreshAll } from './groups.ts'
import { refetchInterval } from './live.ts'
import { ApiError } from './problem.ts'

/** What `/readyz` tells of the process and its storage. */
export interface Readiness {
  readonly ready: boolean
  readonly detail: {
    /** `ready`, `stopping`, `read-only` (the store is full) or `storage away`. */
    readonly state: string
    /** The worst of the last minute, in ms. */
    readonly lag?: { readonly schedulerMs: number; readonly eventLoopMs: number; readonly isLate: boolean }
    readonly storage: {
      readonly engine: string
      readonly survives: 'none' | 'process' | 'power'
      readonly detail?: string
    }
  }
}

export const readiness = queryOptions({
  queryKey: ['readiness'],
  queryFn: ({ signal }) => readReadiness(signal),
  refetchInterval,
})

/** How much it keeps, and for how long. */
export const system = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => call('getSystem', {}, signal),
  refetchInterval: () => (refetchInterval() === false ? false : SYSTEM_REFRESH_MS),
})

/** It grows slowly. */
const SYSTEM_REFRESH_MS = 15_000

/** What a cleaning would delete now. */
export const cleanPreview = queryOptions({
  queryKey: ['clean preview'],
  queryFn: ({ signal }) => call('clean', { body: { dryRun: true } }, signal),
  gcTime: 0,
  retry: false,
})

export function useClean() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call('clean', { body: { dryRun: false } }),
    onSuccess: () => refreshAll(client),
  })
}

/** A 503 is an answer like any other: it tells why not. */
async function readReadiness(signal: AbortSignal): Promise<Readiness> {
  const answer = await fetch(new URL('readyz', document.baseURI), { signal }).catch((error: unknown) => {
    if (signal.aborted) throw error
    throw new ApiError({ detail: 'The server does not answer: it is stopped, or the network is away.' })
  })
  const body: unknown = await answer.json().catch(() => null)
  if (isReadiness(body)) return body
  throw new ApiError({ status: answer.status, detail: `/readyz answered ${answer.status}, which says nothing known.` })
}

function isReadiness(body: unknown): body is Readiness {
  const { detail } = (body ?? {}) as Partial<Readiness>
  return typeof detail?.storage?.engine === 'string'
}

import type { LightMyRequestResponse } from 'fastify'
import { CrewError } from '../../server/core/errors.ts'
import type { SharedFeed, TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { type Api, type Call, type Json, makeApi } from './make-api.ts'

export const GROUPS = '/api/v1/task_groups'

/** A POST with a key. */
export const post = (api: Api, url: string, key: string, call: Call = {}): Promise<LightMyRequestResponse> =>
  api.call('POST', url, { ...call, headers: { 'idempotency-key': key, ...call.headers } })

/** What is to be the same in each answer. */
export const shown = ({ statusCode, headers, body }: LightMyRequestResponse) => ({
  status: statusCode,
  type: headers['content-type'],
  body,
})

export const isReplayed = ({ headers }: LightMyRequestResponse): boolean => headers['idempotency-replayed'] === 'true'

/** How many tasks are in each group. */
export async function totals(api: Api): Promise<Record<string, number>> {
  const { taskGroups } = await api.json('GET', `${GROUPS}?pageSize=0`)
  const sizeOf = ({ counts }: Json): number => Object.values<number>(counts).reduce((sum, count) => sum + count, 0)
  return Object.fromEntries(taskGroups.map((group: Json) => [group.id, sizeOf(group)]))
}

export const countGroups = async (api: Api): Promise<number> => Object.keys(await totals(api)).length

export const away = (): CrewError => new CrewError('storage_unavailable', 'The storage did not answer.')

/** Where what a test makes the storage do has been done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** One of several servers on one storage. */
export interface Server {
  readonly api: Api
  /** From now on commits wait, and nothing is written. */
  hang(): void
  /** Resolves when one does. */
  hangs(): Promise<void>
  thaw(): void
  /** The next commit is told to have failed: it did nothing, or it did. */
  failNext(when: 'before' | 'after'): void
}

export interface Servers {
  readonly servers: readonly Server[]
  /** Of all of them and the storage. */
  advance(ms: number): void
}

const feed: SharedFeed = { subscribe: () => () => {} }

/** Servers on one storage, each with its own view of it. `isShared`: as if it were behind a network. */
export async function makeServers(
  count: number,
  {
    isShared = true,
    wrap = (storage) => storage,
  }: { isShared?: boolean; wrap?: (storage: TaskStorage) => TaskStorage } = {},
): Promise<Servers> {
  const servers: Server[] = []
  let shared: TaskStorage | null = null
  for (let n = 0; n < count; n++) {
    const weather = makeWeather()
    const api = await makeApi({
      ids: `server-${n}`,
      wrap: (opened) => {
        shared ??= opened
        return wrap(wrapStorage(shared, { ...(isShared && { feed }), ...weather.over(shared) }))
      },
    })
    servers.push({ api, ...weather })
  }
  return {
    servers,
    advance: (ms) => {
      for (const { api } of servers) api.clock.advance(ms)
    },
  }
}

/** A server alone with its storage. */
export async function makeServer(): Promise<Server> {
  const { servers } = await makeServers(1, { isShared: false })
  return servers[0] as Server
}

function makeWeather() {
  const waiting: (() => void)[] = []
  let isHanging = false
  let failure: 'before' | 'after' | null = null
  const over = (storage: TaskStorage): Partial<TaskStorage> => ({
    async commit(changeSets) {
      if (isHanging) await new Promise<void>((resolve) => waiting.push(resolve))
      const fault = failure
      failure = null
      if (fault === 'before') throw away()
      const results = await storage.commit(changeSets)
      if (fault === 'after') throw away()
      return results
    },
  })
  return {
    over,
    hang: () => {
      isHanging = true
    },
    hangs: async () => {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
    },
    thaw: () => {
      isHanging = false
      for (const go of waiting.splice(0)) go()
    },
    failNext: (when: 'before' | 'after') => {
      failure = when
    },
  }
}

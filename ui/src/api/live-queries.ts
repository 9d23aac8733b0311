import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { isTouched, topicsOf } from '../lib/live-topics.ts'
import type { TaskGraph } from '../lib/task-graph.ts'
import { callForText } from './client.ts'
import { live, notice } from './live.ts'
import { type Frame, LiveLink } from './live-link.ts'
import type { GroupWhy } from './operations.ts'
import { Refresher } from './refresher.ts'
import { noteServerNow } from './server-clock.ts'

/** A tab that nobody looks at for this long follows nothing. */
const HIDDEN_MS = 30_000
/** A second between two reads of the same; what is much to read waits longer. */
const GAP_MS = 1000
const LONG_GAP_MS = 5000
const LONG_KINDS: readonly unknown[] = ['waiting groups', 'errors', 'error']
const isLong = ({ queryKey, state }: Query): boolean =>
  LONG_KINDS.includes(queryKey[0]) || (lengthOf[String(queryKey[0])]?.(state.data) ?? 0) > FEW_TASKS
/** Of so few tasks it is no more than a list. */
const FEW_TASKS = 500
/** How many tasks an answer is about. */
const lengthOf: Readonly<Record<string, (data: unknown) => number | undefined>> = {
  graph: (data) => (data as TaskGraph | undefined)?.states.length,
  'group why': (data) => (data as GroupWhy | undefined)?.reasons.reduce((sum, { count }) => sum + count, 0),
}
/** What leaves the screen may be back at once. */
const SETTLE_MS = 50

const after = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

/** Keeps what is on the screen as the server has it, while the component is there. */
export function useLive(): void {
  const client = useQueryClient()
  useEffect(() => followScreen(client), [client])
}

/**
 * Follows the topics of the queries that are on the screen, and reads again what they say has changed. It begins with the first
 * answer: before, nobody may be logged in.
 */
function followScreen(client: QueryClient): () => void {
  const shown = (): Query[] => client.getQueryCache().findAll({ type: 'active' })
  const refresher = new Refresher({
    now: Date.now,
    after,
    gapOf: (query) => (isLong(query as Query) ? LONG_GAP_MS : GAP_MS),
    isHeld: () => !live.isOn(),
  })
  const link = new LiveLink({
    open: () => new WebSocket(liveAddress()),
    random: Math.random,
    after,
    onFrame: (frame) => hear(frame, shown(), refresher),
    onChange: (isUp) => (isUp ? notice.linkUp() : notice.linkDown(readAll)),
    // The answer, which is 401, leads to the login.
    onSessionOver: () => void callForText('checkLogin', {}).catch(() => {}),
  })
  const readAll = (): void => {
    for (const query of shown()) if (topicsOf(query.queryKey).length > 0) refresher.ask(query)
  }
  const hidden = watchHidden(() => follow())
  let isStarted = false
  const follow = (): void => {
    const queries = shown()
    const isWanted = live.isOn() && !hidden.now()
    link.follow(isWanted ? queries.flatMap(({ queryKey }) => topicsOf(queryKey)) : [])
    if (isStarted || !queries.some(({ queryKey, state }) => state.data !== undefined && topicsOf(queryKey).length > 0))
      return
    isStarted = true
    notice.linkDown(readAll)
    link.start()
  }
  let before = live.get()
  const onLive = (): void => {
    if (before.mode === 'lost' && live.get().mode === 'polling') link.hurry()
    before = live.get()
    follow()
    retime(shown())
  }
  const stops = [watchScreen(client, follow), live.subscribe(onLive), hidden.stop, notice.stop]
  follow()
  return () => {
    for (const stop of stops) stop()
    link.stop()
    refresher.stop()
  }
}

function hear({ now, resync, deltas = [] }: Frame, shown: readonly Query[], refresher: Refresher): void {
  notice.heard()
  if (now !== undefined) noteServerNow(now)
  for (const query of shown) {
    const { queryKey, state } = query
    const isNews = resync
      ? topicsOf(queryKey).length > 0
      : deltas.some((delta) => isTouched(queryKey, state.data, delta))
    if (isNews) refresher.ask(query)
  }
}

/** Below the base of the page, as every address. */
function liveAddress(): string {
  const url = new URL('api/v1/live', document.baseURI)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}

/**
 * Calls when other queries are on the screen than before, or there is a first answer. What is new is followed at once, before it is
 * read: later, what happens between would be lost.
 */
function watchScreen(client: QueryClient, run: () => void): () => void {
  let callOff = (): void => {}
  const stop = client.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'observerAdded') return run()
    if (type !== 'observerRemoved' && !(type === 'updated' && query.state.dataUpdateCount <= 1)) return
    callOff()
    callOff = after(SETTLE_MS, run)
  })
  return () => {
    callOff()
    stop()
  }
}

/** How long they wait depends on what `live` says, and they look only when something of theirs changes. */
function retime(queries: readonly Query[]): void {
  for (const { observers } of queries) for (const observer of observers) observer.setOptions(observer.options)
}

function watchHidden(onChange: () => void): { now(): boolean; stop(): void } {
  let isHidden = false
  let callOff = (): void => {}
  const set = (next: boolean): void => {
    isHidden = next
    onChange()
  }
  const look = (): void => {
    callOff()
    if (document.visibilityState === 'hidden') callOff = after(HIDDEN_MS, () => set(true))
    else if (isHidden) set(false)
  }
  document.addEventListener('visibilitychange', look)
  return {
    now: () => isHidden,
    stop: () => {
      callOff()
      document.removeEventListener('visibilitychange', look)
    },
  }
}

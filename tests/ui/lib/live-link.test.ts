import { describe, expect, test } from 'vitest'
import { type Frame, LiveLink } from '../../../ui/src/api/live-link.ts'
import { type Refreshable, Refresher } from '../../../ui/src/api/refresher.ts'

describe('the websocket of a tab', () => {
  test('asks for its topics at the hello, and reads all again at the first answer', () => {
    const { link, server, frames } = makeLink()
    link.follow(['groups', 'group:g', 'groups'])
    link.start()
    server().say({ seq: 's-1', now: 'then' })
    expect(server().asked()).toEqual([{ sub: ['group:g', 'groups'] }])
    server().say({ seq: 's-2', sub: ['group:g', 'groups'] })
    expect(frames).toEqual([
      { seq: 's-1', now: 'then' },
      { seq: 's-2', sub: ['group:g', 'groups'], resync: true },
    ])
  })

  test('asks for what is new since it knows, which stands still until the answer', () => {
    const { link, server } = makeLink()
    link.follow(['groups'])
    link.start()
    server().say({ seq: 's-1' })
    server().say({ seq: 's-2', sub: ['groups'] })
    server().asked()
    link.follow(['group:g'])
    server().say({ seq: 's-3' })
    link.follow(['groups', 'group:g'])
    link.follow(['group:g', 'groups'])
    expect(server().asked()).toEqual([
      { sub: ['group:g'], since: 's-2' },
      { sub: ['group:g', 'groups'], since: 's-2' },
    ])
  })

  test('that follows nothing for a while asks for what happened meanwhile', () => {
    const { link, server } = makeLink()
    link.follow(['groups'])
    link.start()
    server().say({ seq: 's-1' })
    server().say({ seq: 's-2', sub: ['groups'] })
    link.follow([])
    server().say({ seq: 's-3', sub: [] })
    server().say({ seq: 's-9' })
    server().asked()
    link.follow(['groups'])
    expect(server().asked()).toEqual([{ sub: ['groups'], since: 's-2' }])
  })

  test('comes back by itself, each time later, and goes on where it was', () => {
    const { link, server, wait, changes } = makeLink()
    link.follow(['groups'])
    link.start()
    server().say({ seq: 's-1' })
    server().say({ seq: 's-2', sub: ['groups'] })
    server().end(1006)
    expect(wait()).toBe(375)
    server().end(1006)
    expect(wait()).toBe(750)
    server().say({ seq: 's-5' })
    expect(server().asked()).toEqual([{ sub: ['groups'], since: 's-2' }])
    expect(changes).toEqual([true, false, true])
    server().end(1006)
    expect(wait()).toBe(375)
  })

  test('waits a quarter of a minute at most, and not at all when it is told to hurry', () => {
    const { link, server, wait, opened } = makeLink()
    link.start()
    for (let i = 0; i < 10; i++) {
      server().end(1006)
      if (i < 9) wait()
    }
    expect(opened()).toBe(10)
    link.hurry()
    expect(opened()).toBe(11)
    server().end(1006)
    expect(wait()).toBe(375)
  })

  test('takes silence for an end', () => {
    const { link, server, wait, opened } = makeLink()
    link.start()
    server().say({ seq: 's-1' })
    expect(wait()).toBe(40_000)
    wait()
    expect(opened()).toBe(2)
  })

  test('says that the session is over', () => {
    const { link, server, isOver, wait } = makeLink()
    link.start()
    server().say({ seq: 's-1' })
    server().end(4401)
    expect(isOver()).toBe(true)
    // Nobody is logged in by then: asked at once, it would be refused.
    expect(wait()).toBe(11_250)
  })

  test('opens nothing any more when it is stopped', () => {
    const { link, server, timers } = makeLink()
    link.start()
    server().end(1006)
    link.stop()
    expect(timers.size).toBe(0)
  })
})

describe('reading again', () => {
  test('is done once for all that happens within the gap', async () => {
    const { refresher, query, wait, reads } = makeRefresher()
    for (let i = 0; i < 5; i++) refresher.ask(query)
    expect(wait()).toBe(600)
    expect(reads()).toBe(1)
  })

  test('waits for a read that is under way', () => {
    const { refresher, query, state, wait, reads } = makeRefresher()
    state.fetchStatus = 'fetching'
    refresher.ask(query)
    wait()
    expect(reads()).toBe(0)
    state.fetchStatus = 'idle'
    wait()
    expect(reads()).toBe(1)
  })

  test('waits until the page goes on', () => {
    const { refresher, query, shown, wait, reads } = makeRefresher()
    shown.isHeld = true
    refresher.ask(query)
    wait()
    expect(reads()).toBe(0)
    shown.isHeld = false
    wait()
    expect(reads()).toBe(1)
  })

  test('is not done for what left the screen', () => {
    const { refresher, query, shown, wait, reads } = makeRefresher()
    refresher.ask(query)
    shown.isShown = false
    wait()
    expect(reads()).toBe(0)
  })
})

/** Timers that run when the test waits, and say for how long. */
function makeTimers() {
  const timers = new Map<() => void, number>()
  return {
    timers,
    after: (ms: number, run: () => void) => {
      timers.set(run, ms)
      return () => timers.delete(run)
    },
    wait: (): number => {
      const [first] = timers
      if (!first) return 0
      timers.delete(first[0])
      first[0]()
      return first[1]
    },
  }
}

function makeLink() {
  const { timers, after, wait } = makeTimers()
  const servers: ReturnType<typeof makeServer>[] = []
  const frames: Frame[] = []
  const changes: boolean[] = []
  let isOver = false
  const link = new LiveLink({
    open: () => {
      const server = makeServer()
      servers.push(server)
      return server.socket
    },
    random: () => 0.5,
    after,
    onFrame: (frame) => frames.push(frame),
    onChange: (isUp) => changes.push(isUp),
    onSessionOver: () => {
      isOver = true
    },
  })
  const server = () => servers.at(-1) ?? makeServer()
  return { link, frames, changes, timers, wait, server, opened: () => servers.length, isOver: () => isOver }
}

/** The other end of one connection. */
function makeServer() {
  const sent: string[] = []
  const socket: Pick<WebSocket, 'onmessage' | 'onclose' | 'send' | 'close'> = {
    onmessage: null,
    onclose: null,
    send: (text) => void sent.push(String(text)),
    close: () => {},
  }
  return {
    socket,
    say: (frame: Frame) => socket.onmessage?.call(socket as WebSocket, { data: JSON.stringify(frame) } as MessageEvent),
    end: (code: number) => socket.onclose?.call(socket as WebSocket, { code } as CloseEvent),
    asked: (): unknown[] => sent.splice(0).map((text) => JSON.parse(text)),
  }
}

function makeRefresher() {
  const { after, wait } = makeTimers()
  let reads = 0
  const state = { dataUpdatedAt: 1000, fetchStatus: 'idle' }
  const shown = { isShown: true, isHeld: false }
  const query: Refreshable = {
    queryHash: 'q',
    state,
    isActive: () => shown.isShown,
    fetch: async () => void reads++,
  }
  const refresher = new Refresher({ now: () => 1400, after, gapOf: () => 1000, isHeld: () => shown.isHeld })
  return { refresher, query, state, shown, wait, reads: () => reads }
}

import type { Delta } from '../lib/live-topics.ts'

/** What the server says over the websocket. */
export interface Frame {
  readonly seq: string
  readonly now?: string
  readonly sub?: readonly string[]
  readonly resync?: boolean
  readonly deltas?: readonly Delta[]
}

type Socket = Pick<WebSocket, 'onmessage' | 'onclose' | 'send' | 'close'>

export interface LinkDeps {
  readonly open: () => Socket
  readonly random: () => number
  /** Runs once, later; answers how to call it off. */
  readonly after: (ms: number, run: () => void) => () => void
  readonly onFrame: (frame: Frame) => void
  /** It is up when the server said hello. */
  readonly onChange: (isUp: boolean) => void
  readonly onSessionOver: () => void
}

/** The server says something every 15 s. */
const SILENCE_MS = 40_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000
const SESSION_OVER = 4401

/**
 * The one websocket of a tab: `down` → start → `opening` → hello → `up`; when it closes, `waiting`, each time twice as long, and
 * `opening` again; stop → `down`. `seq` is how far everything was told that is followed: it stands still while the server
 * does not follow yet what is wanted, so that nothing between is lost.
 */
export class LiveLink {
  private socket: Socket | null = null
  private isUp = false
  private failures = 0
  private wanted: readonly string[] = []
  private answered = ''
  private seq: string | undefined
  private callOff = (): void => {}
  private readonly deps: LinkDeps

  constructor(deps: LinkDeps) {
    this.deps = deps
  }

  /** From now on these and no others. */
  follow(topics: Iterable<string>): void {
    const wanted = [...new Set(topics)].sort()
    if (String(wanted) === String(this.wanted)) return
    this.wanted = wanted
    if (this.isUp) this.ask()
  }

  start(): void {
    if (this.socket !== null) return
    this.callOff()
    const socket = this.deps.open()
    this.socket = socket
    socket.onmessage = ({ data }) => this.hear(JSON.parse(String(data)))
    socket.onclose = ({ code }) => this.wait(code)
    this.watch()
  }

  /** The server is there again: it waits no longer. */
  hurry(): void {
    this.failures = 0
    this.start()
  }

  stop(): void {
    this.callOff()
    this.leave()
  }

  private hear(frame: Frame): void {
    this.watch()
    if (!this.isUp) this.begin()
    const isFirst = frame.sub !== undefined && this.seq === undefined
    if (frame.sub) this.answered = String(frame.sub)
    if (this.wanted.length > 0 && this.answered === String(this.wanted)) this.seq = frame.seq
    // What was read before the first answer may be older than what was told first.
    this.deps.onFrame(isFirst ? { ...frame, resync: true } : frame)
  }

  private begin(): void {
    this.isUp = true
    this.failures = 0
    this.answered = ''
    this.deps.onChange(true)
    this.ask()
  }

  private ask(): void {
    this.socket?.send(JSON.stringify({ sub: this.wanted, ...(this.seq !== undefined && { since: this.seq }) }))
  }

  /** A connection that says nothing is none. */
  private watch(): void {
    this.callOff()
    this.callOff = this.deps.after(SILENCE_MS, () => this.wait(0))
  }

  private wait(code: number): void {
    this.callOff()
    this.leave()
    if (code === SESSION_OVER) this.deps.onSessionOver()
    // Whoever has to log in first is not let in sooner by asking.
    const longest =
      code === SESSION_OVER ? LONGEST_WAIT_MS : Math.min(FIRST_WAIT_MS * 2 ** this.failures++, LONGEST_WAIT_MS)
    this.callOff = this.deps.after(longest * (0.5 + this.deps.random() / 2), () => this.start())
  }

  private leave(): void {
    const { socket } = this
    this.socket = null
    if (socket) {
      socket.onmessage = null
      socket.onclose = null
      socket.close()
    }
    if (this.isUp) this.deps.onChange(false)
    this.isUp = false
  }
}

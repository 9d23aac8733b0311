import { request } from 'node:http'

/** What came over one server-sent events connection, to be awaited piece by piece. */
export interface EventClient {
  readonly status: number
  /** The next message: the lines up to an empty one. */
  next(): Promise<string>
  /** Resolves when the server ends the answer; true when it broke off. */
  readonly ended: Promise<boolean>
  close(): void
}

/** Opens server-sent events over the network. */
export function openEvents(url: string, headers: Record<string, string>): Promise<EventClient> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers }, (answer) => {
      const messages: string[] = []
      let wake = () => {}
      let rest = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => {
        const parts = (rest + text).split('\n\n')
        rest = parts.pop() ?? ''
        messages.push(...parts)
        wake()
      })
      const ended = new Promise<boolean>((end) => {
        answer.on('end', () => end(false))
        answer.on('error', () => end(true))
      })
      const next = async (): Promise<string> => {
        while (messages.length === 0) await new Promise<void>((more) => (wake = more))
        return messages.shift() ?? ''
      }
      resolve({ status: answer.statusCode ?? 0, next, ended, close: () => call.destroy() })
    })
    call.on('error', reject)
    call.end()
  })
}

/** Frames of a websocket, to be awaited one by one. */
export interface SocketClient {
  next(): Promise<unknown>
  send(text: string): void
  /** The code with which the server closed it. */
  readonly closed: Promise<number>
  close(): void
}

/** Opens a websocket; rejects when the server refuses the upgrade. */
export function openSocket(url: string, headers: Record<string, string> = {}): Promise<SocketClient> {
  return new Promise((resolve, reject) => {
    // Bun's own takes headers; browsers' do not, and its types are theirs.
    const socket = new WebSocket(url.replace('http:', 'ws:'), { headers } as never)
    const frames: string[] = []
    let wake = () => {}
    socket.onmessage = ({ data }) => {
      frames.push(String(data))
      wake()
    }
    const closed = new Promise<number>((end) => {
      socket.onclose = ({ code }) => end(code)
    })
    const next = async (): Promise<unknown> => {
      while (frames.length === 0) await new Promise<void>((more) => (wake = more))
      return JSON.parse(frames.shift() ?? '')
    }
    socket.onopen = () => resolve({ next, closed, send: (text) => socket.send(text), close: () => socket.close() })
    socket.onerror = () => reject(new Error('the upgrade was refused'))
  })
}

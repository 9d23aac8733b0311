/** What a pulse needs of a websocket. */
export interface PingedSocket {
  ping(): void
  terminate(): void
  on(event: 'pong', listener: () => void): unknown
}

/** Ends a websocket that nobody is at the other end of: such a connection says nothing by itself. */
export class Pulse {
  private isAnswering = true
  private readonly socket: PingedSocket

  constructor(socket: PingedSocket) {
    this.socket = socket
    socket.on('pong', () => {
      this.isAnswering = true
    })
  }

  /** Asks, unless the last time was in vain. */
  beat(): void {
    if (this.isAnswering) this.socket.ping()
    else this.socket.terminate()
    this.isAnswering = false
  }
}

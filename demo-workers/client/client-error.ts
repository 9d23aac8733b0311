/**
 * Why the server gave no answer to show: `unreachable` and `busy` may pass, `unauthorized`, `refused` and `gone` will not.
 * The message is one sentence for the person at the terminal.
 */
export class ClientError extends Error {
  readonly kind: ClientErrorKind
  readonly status: number | undefined

  constructor(kind: ClientErrorKind, message: string, status?: number) {
    super(message)
    this.kind = kind
    this.status = status
  }
}

export type ClientErrorKind = 'unreachable' | 'busy' | 'unauthorized' | 'refused' | 'gone'

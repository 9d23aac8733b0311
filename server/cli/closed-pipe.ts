/** As shells tell that a program wrote into a pipe that nobody reads any more. */
export const CLOSED_PIPE = 141

/** `crew task list | head` ends with what was read: no stack, and nothing more is done for nobody. */
export function endAtClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(CLOSED_PIPE)
  })
}

/** Where a write says it at once. */
export const isClosedPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE'

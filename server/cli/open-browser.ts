import { spawn } from 'node:child_process'

export interface OpenerWorld {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** A person looks at the output. */
  readonly isTty: boolean
}

/** A program and what stands before the address. */
export type Opener = readonly [program: string, ...args: string[]]

/** What opens a browser here; null where nobody would see one: in CI, without a terminal, without a display. */
export function openerOf({ platform, env, isTty }: OpenerWorld): Opener | null {
  if (!isTty || isSet(env.CI)) return null
  if (platform === 'darwin') return ['open']
  // `start` is a word of the shell; the first thing in quotes would be the title of a window.
  if (platform === 'win32') return ['cmd', '/c', 'start', '""']
  return isSet(env.DISPLAY) || isSet(env.WAYLAND_DISPLAY) ? ['xdg-open'] : null
}

const isSet = (text: string | undefined): boolean => text !== undefined && !['', '0', 'false'].includes(text)

/** Null when the program took the address, else a sentence. Best effort: a browser that is not opened harms nothing. */
export function openBrowser([program, ...args]: Opener, url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve(`The browser could not be opened (${why}): open ${url} yourself.`)
    const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
    child.once('error', (error: NodeJS.ErrnoException) =>
      failed(error.code === 'ENOENT' ? `there is no ${program}` : `${program}: ${error.message}`),
    )
    child.once('exit', (code) => (code === 0 ? resolve(null) : failed(`${program} ended with ${code}`)))
    child.unref()
  })
}

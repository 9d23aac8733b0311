import { spawn } from 'node:child_process'

export interface Running {
  readonly url: string
  /** SIGTERM; answers the exit code, or the signal that ended it. */
  stop(): Promise<number | string>
}

/** Starts a command line of a server, with this environment and no other; resolves when it says where it listens. */
export function startServer([command = '', ...args]: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<number | string>((done) => {
    child.once('exit', (code, signal) => done(code ?? signal ?? 'unknown'))
  })
  return new Promise((found, reject) => {
    let said = ''
    child.once('error', reject)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, url] = /listens at (http:\S+)/.exec(said) ?? []
      if (url === undefined) return
      const stop = () => {
        child.kill('SIGTERM')
        return ended
      }
      found({ url, stop })
    })
    ended.then((code) => reject(new Error(`the server ended with ${code} before it listened, and said: ${said}`)))
  })
}

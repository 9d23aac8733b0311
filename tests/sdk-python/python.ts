import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findPython } from '../support/python-program.ts'

/** The package, its tests and its examples. */
export const PACKAGE = join(import.meta.dirname, '../../sdk/python')

/** An interpreter starts in 30 ms; this is for machines that are busy. */
const DEADLINE_MS = 60_000

/** A process of the Python that is on the PATH. */
export interface Python {
  /** The first match in its stdout; rejects when it ends without, and says what it said. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  /** The exit code, or the name of the signal that ended it, and all it said. */
  readonly ended: Promise<{ code: number | string; output: string }>
  kill(signal: NodeJS.Signals): void
}

/** Starts it in the package's folder, without leaving compiled files there. It ends with the test. */
export function startPython(args: readonly string[], env: Readonly<Record<string, string>> = {}): Python {
  const child = spawn(findPython(), ['-B', ...args], {
    cwd: PACKAGE,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONPATH: PACKAGE, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard: (() => void)[] = []
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      for (const listener of heard) listener()
    })
  }
  return {
    ended: new Promise((end) =>
      child.once('close', (code, signal) => end({ code: code ?? signal ?? 'unknown', output })),
    ),
    says: (pattern) =>
      matched(child, pattern, { output: () => output, onMore: (listener) => void heard.push(listener) }),
    kill: (signal) => void child.kill(signal),
  }
}

function matched(
  child: ChildProcess,
  pattern: RegExp,
  { output, onMore }: { output: () => string; onMore: (listener: () => void) => void },
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`python3 did not say ${pattern}, but: ${output()}`))
    const timer = setTimeout(fail, DEADLINE_MS)
    child.once('close', fail)
    const look = (): void => {
      const found = pattern.exec(output())
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    }
    onMore(look)
    look()
  })
}

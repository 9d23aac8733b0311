import { createInterface } from 'node:readline/promises'
import { type Host, hostWith } from '../../../sdk/typescript/src/host.ts'
import { processInput } from '../../settings/process-input.ts'
import type { FileWorld } from './given-text.ts'

/** What a command that calls a server has around it; a test gives its own. */
export interface ClientWorld extends FileWorld, Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTty: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  /** Data, on stdout, as it is. */
  readonly write: (text: string) => void
  /** Talk, one line on stderr. */
  readonly tell: (line: string) => void
  /** What a person at the terminal types. */
  readonly ask: (question: string) => Promise<string>
}

/** The process itself. */
export function processWorld(): ClientWorld {
  const { env, readFile } = processInput(new Map())
  return {
    ...hostWith(),
    env,
    readFile,
    readStdin,
    isTty: { stdin: process.stdin.isTTY, stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
    write: (text) => void process.stdout.write(text),
    tell: (line) => void process.stderr.write(`${line}\n`),
    ask: askPerson,
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** Whoever ends the input instead of answering has said nothing. */
async function askPerson(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
    return await Promise.race([terminal.question(question), ended])
  } finally {
    terminal.close()
  }
}

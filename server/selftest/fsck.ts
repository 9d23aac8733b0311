import { spawn } from 'node:child_process'

/** What `crew fsck` found in a store, and how much it looked at. */
export interface StoreScan {
  readonly count: { readonly groups: number; readonly tasks: number; readonly records: number }
  readonly faults: readonly string[]
}

interface FsckAnswer {
  readonly count: StoreScan['count']
  readonly faults: readonly Readonly<Record<'kind' | 'id' | 'what' | 'found' | 'expected', string>>[]
}

/** Runs `crew fsck` of the same program; rejects with what it said when it told nothing. */
export async function scanStore(program: readonly string[], storage: string, folder: string): Promise<StoreScan> {
  const text = await outputOf([...program, 'fsck', '-o', 'json'], folder, { CREW_STORAGE: storage })
  const { count, faults } = JSON.parse(text) as FsckAnswer
  const sentences = faults.map(
    (each) => `${each.kind} ${each.id}: ${each.what} is ${each.found}, expected ${each.expected}`,
  )
  return { count, faults: sentences }
}

function outputOf(
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const out = textOf(child.stdout)
    const said = textOf(child.stderr)
    child.once('error', failed)
    child.once('close', () =>
      out() === '' ? failed(new Error(`crew fsck told nothing, but: ${said()}`)) : done(out()),
    )
  })
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

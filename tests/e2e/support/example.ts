import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandsToRun } from '../../docs/commands-of.ts'
import { makeReader, type ReaderOptions } from '../../docs/reader.ts'
import { freePort } from '../../support/free-port.ts'
import { CREW_PROGRAM, makeDir, type Until } from './crew.ts'

const EXAMPLES = join(import.meta.dirname, '../../../examples')

const pageOf = (folder: string): string => readFileSync(join(EXAMPLES, folder, 'README.md'), 'utf8')

/** Starts the server of the examples as their list says, on a free port. Answers its address. */
export async function startAsTheListSays(until: Until): Promise<string> {
  const port = String(await freePort())
  const env = { PORT: port, CREW_STORAGE: 'memory', CREW_LOG_LEVEL: 'warn' }
  const reader = makeReader({ env, path: [standInForNpm(until)], until })
  for (const command of commandsToRun(pageOf('.'))) await reader.runBlock(command)
  return `http://127.0.0.1:${port}`
}

/** `npm start` without its installing and building, which have tests of their own; and the binary, where that is what is tested. */
function standInForNpm(until: Until): string {
  const dir = makeDir(until)
  const program = CREW_PROGRAM.map((word) => `'${word}'`).join(' ')
  const npm = join(dir, 'npm')
  writeFileSync(npm, `#!/bin/sh\nexec ${program} "$1" --demo\n`)
  chmodSync(npm, 0o755)
  return dir
}

/** Does what the page of an example says, from its first block to its last, with ports that are free. Answers what they said. */
export async function follow(folder: string, options: ReaderOptions & { readonly without?: RegExp }): Promise<string> {
  const [port, apiPort] = [await freePort(), await freePort()]
  const env = { PORT: String(port), API_PORT: String(apiPort), ...options.env }
  const reader = makeReader({ ...options, env })
  const said: string[] = []
  for (const command of commandsToRun(pageOf(folder))) {
    if (!options.without?.test(command.block)) said.push(await reader.runBlock(command))
  }
  return said.join('')
}

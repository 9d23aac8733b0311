import { join } from 'node:path'

/** Whether this is the compiled program: Bun keeps its modules in a folder of their own, which is on no disk. */
export const isCompiled = /\$bunfs|~BUN/.test(import.meta.url)

/** What starts this program again, as it is: the words that `crew` stands for. */
export function programWords(): readonly string[] {
  if (isCompiled) return [process.execPath]
  // Bun reads .env by itself while developing, which would change what a server is told.
  return [process.execPath, '--no-env-file', join(import.meta.dirname, '../main.ts')]
}

/** How a command is typed: as this program was, or in a checkout. */
export function commandLine(command: string, args: readonly string[]): string {
  const words = args.map(quoteWord).join(' ')
  if (isCompiled) return `${quoteWord(process.argv0)} ${command}${words === '' ? '' : ` ${words}`}`
  return `npm run ${command}${words === '' ? '' : ` -- ${words}`}`
}

/** For a shell, where it needs it. */
function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

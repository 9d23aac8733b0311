import { posix } from 'node:path'
import type { Import } from './read-module.ts'

/** What an import leads to: a room of Crew, a Node builtin, or a package. */
export type Target = { readonly kind: 'room' | 'builtin' | 'package'; readonly name: string }

const ENGINES = ['sqlite', 'redis']
const SERVER_ROOMS = ['core', 'controller', 'services', 'api', 'selftest']

/** Where everything is put together: the entry, what it starts, and one file per command of the command line. */
const MAIN = /^server\/(main\.ts|start-server\.ts|crew\.ts|(cli|plugin)\/.*)$/

/** The port, and the error by which an engine refuses to open. */
const PORT = /^storage\/(task-storage|storage-open-error)\.ts$/

/** How the UI is built: this runs under Bun, not in a browser. */
const UI_BUILD = /^ui\/(vite\.config|tailwind)\.ts$/

/** What a user of the SDK would write: it knows the package by its name. */
const SDK_EXAMPLES = /^sdk\/\w+\/examples\//

/** Which room a file belongs to, by its path from the top of the repository. */
export function roomOf(path: string): string {
  const [top = '', second = '', third] = path.split('/')
  if (MAIN.test(path)) return 'server/main'
  if (PORT.test(path)) return 'storage/task-storage'
  if (UI_BUILD.test(path)) return 'ui/build'
  if (SDK_EXAMPLES.test(path)) return 'sdk/examples'
  if (top === 'server') return third !== undefined && SERVER_ROOMS.includes(second) ? `server/${second}` : 'server'
  if (top === 'storage') return third !== undefined && ENGINES.includes(second) ? `storage/${second}` : 'storage'
  return top
}

export function targetOf(fromPath: string, { specifier }: Import): Target {
  if (specifier.startsWith('.')) {
    return { kind: 'room', name: roomOf(posix.join(posix.dirname(fromPath), specifier)) }
  }
  const isBuiltin = specifier.startsWith('node:') || specifier.startsWith('bun:') || specifier === 'bun'
  return { kind: isBuiltin ? 'builtin' : 'package', name: specifier }
}

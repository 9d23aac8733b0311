import { posix } from 'node:path'
import type { Import } from './read-module.ts'

/** What an import leads to: a room of Crew, a Node builtin, or a package. */
export type Target = { readonly kind: 'room' | 'builtin' | 'package'; readonly name: string }

const ENGINES = ['sqlite', 'redis']
const SERVER_ROOMS = ['core', 'controller', 'services', 'api']

/** Where everything is put together: the entry, what it starts, and one file per command of the command line. */
const MAIN = /^server\/(main\.ts|start-server\.ts|cli\/.*)$/

/** The port, and the error by which an engine refuses to open. */
const PORT = /^storage\/(task-storage|storage-open-error)\.ts$/

/** Which room a file belongs to, by its path from the top of the repository. */
export function roomOf(path: string): string {
  const [top = '', second = '', third] = path.split('/')
  if (MAIN.test(path)) return 'server/main'
  if (PORT.test(path)) return 'storage/task-storage'
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

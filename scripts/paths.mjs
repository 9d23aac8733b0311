import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const packageFile = (path) => join(root, 'node_modules', path)

/** The package calls it bun.exe on every system: `node_modules/.bin/bun` only points there, and is a script on Windows. */
export const bun = packageFile('bun/bin/bun.exe')

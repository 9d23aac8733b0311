import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'

/** One file of the web UI, as it is and compressed. */
export interface UiFile {
  readonly type: string
  readonly plain: Buffer
  readonly br?: Buffer
  readonly gzip?: Buffer
  readonly etag: string
}

/** The built web UI, in memory. */
export interface UiFiles {
  /** The page, with `{{base}}` and `"{{config}}"` to be filled in. */
  readonly index: string
  /** By path, like `assets/main-AbC123.js`. */
  readonly files: ReadonlyMap<string, UiFile>
}

/** Inside the executable the folder lies beside all modules, in the package one up; from the sources it is where the build puts it. */
const FOLDERS = ['ui', '../ui', '../../dist/ui'].map((path) => join(import.meta.dirname, path))

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Reads it once, for a server has a few hundred kB of it and a disk may be slow or gone; null when it was not built. */
export function loadUiFiles(): UiFiles | null {
  const folder = FOLDERS.find((each) => statSync(join(each, 'index.html'), { throwIfNoEntry: false }))
  if (folder === undefined) return null
  const read = (path: string) => readFileSync(join(folder, path))
  const paths = new Set(pathsIn(folder))
  const files = [...paths]
    .filter((path) => extname(path) in TYPES)
    .map((path) => [path, fileOf(path, paths, read)] as const)
  return { index: read('index.html').toString(), files: new Map(files) }
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
}

function fileOf(path: string, paths: ReadonlySet<string>, read: (path: string) => Buffer): UiFile {
  const plain = read(path)
  return {
    type: TYPES[extname(path)] ?? '',
    plain,
    ...(paths.has(`${path}.br`) && { br: read(`${path}.br`) }),
    ...(paths.has(`${path}.gz`) && { gzip: read(`${path}.gz`) }),
    etag: etagOf(plain),
  }
}

export const etagOf = (content: Buffer | string): string =>
  `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`

// Builds the package that applications import: JavaScript for Node and Bun with its types, in dist/plugin. The web UI is found in dist/ui.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist/plugin')
const INDEX = 'server/plugin/index'

/** Those that the index names are files apart: the runtime is checked before what would fail on it is loaded. So is a worker thread. */
const ENTRY_POINTS = [INDEX, 'server/plugin/check-runtime', 'server/plugin/crew-plugin', 'storage/sqlite/thread']

/** What is used here of Bun's builder: the types of Bun would shadow those of Node everywhere. */
interface Builder {
  onResolve(on: { filter: RegExp }, answer: (wanted: { path: string; importer: string }) => object | undefined): void
  onLoad(on: { filter: RegExp; namespace: string }, answer: (file: { path: string }) => object): void
}

rmSync(target, { recursive: true, force: true })
await bundle()
writeTypes()
console.log('crew: dist/plugin')

/** Texts are inlined, packages are not. */
async function bundle(): Promise<void> {
  const { Bun } = globalThis as unknown as { Bun: { build(options: object): Promise<unknown> } }
  await Bun.build({
    entrypoints: ENTRY_POINTS.map((path) => join(root, `${path}.ts`)),
    outdir: target,
    target: 'node',
    format: 'esm',
    packages: 'external',
    splitting: true,
    naming: { entry: '[name].[ext]', chunk: 'chunk-[hash].[ext]' },
    plugins: [{ name: 'crew-for-node', setup: forNode }],
  })
}

/** Says in Node's words what Bun has words of its own for, and keeps apart what is loaded later. */
function forNode(build: Builder): void {
  build.onResolve({ filter: /^\.\// }, ({ path, importer }) =>
    importer === join(root, `${INDEX}.ts`) ? { path: path.replace(/\.ts$/, '.js'), external: true } : undefined,
  )
  // `with { type: 'file' }` is a path.
  build.onResolve({ filter: /^swagger-ui-dist\/.*\.(css|js)$/ }, ({ path }) => ({ path, namespace: 'package-file' }))
  build.onLoad({ filter: /./, namespace: 'package-file' }, ({ path }) =>
    script(`export default createRequire(import.meta.url).resolve('${path}')`),
  )
  // Node 20 has none, and refuses a module that imports it before a line of the package is run.
  build.onResolve({ filter: /^node:sqlite$/ }, ({ path }) => ({ path, namespace: 'late-builtin' }))
  build.onLoad({ filter: /./, namespace: 'late-builtin' }, ({ path }) =>
    script(`export const { DatabaseSync } = createRequire(import.meta.url)('${path}')`),
  )
}

function script(text: string): object {
  return { loader: 'js', contents: `import { createRequire } from 'node:module'\n${text}` }
}

/** The compiler writes those of every file; the package holds what its index leads to. */
function writeTypes(): void {
  const all = mkdtempSync(join(tmpdir(), 'crew-types-'))
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'server/plugin'), '--outDir', all]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status === 0)
    for (const path of reachable(all, `${INDEX}.d.ts`)) copy(join(all, path), join(target, 'types', path))
  rmSync(all, { recursive: true, force: true })
  if (status !== 0) process.exit(status ?? 1)
}

function reachable(folder: string, first: string): ReadonlySet<string> {
  const paths = new Set([first])
  for (const path of paths) {
    const text = readFileSync(join(folder, path), 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:from |import |import\()'(\.[^']+)\.ts'/g))
      paths.add(`${join(dirname(path), specifier)}.d.ts`)
  }
  return paths
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

// Builds the web UI into dist/ui and compresses it there. It does nothing when that is what the sources would give;
// `--force` builds all the same.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist/ui')
const stamp = join(target, '.built-from')
const COMPRESSED = /\.(js|css|svg)$/

const fingerprint = fingerprintOf(['ui', 'package-lock.json', 'scripts/build-ui.ts'])
const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint
if (!isCurrent || process.argv.includes('--force')) await buildUi()

async function buildUi(): Promise<void> {
  const startedAt = performance.now()
  await build({ configFile: join(root, 'ui/vite.config.ts'), logLevel: 'warn' })
  const bytes = filesIn(target)
    .filter((file) => COMPRESSED.test(file))
    .map(compress)
  writeFileSync(stamp, fingerprint)
  const kib = bytes.reduce((sum, each) => sum + each, 0) / 1024
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`crew: web UI built in ${seconds.toFixed(1)} s, ${kib.toFixed(0)} KiB compressed`)
}

/** Once here, as hard as it goes, instead of at every request; answers the size of the gzip. */
function compress(file: string): number {
  const content = readFileSync(file)
  const gzip = gzipSync(content, { level: 9 })
  writeFileSync(`${file}.gz`, gzip)
  writeFileSync(
    `${file}.br`,
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  )
  return gzip.length
}

function fingerprintOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((path) => filesIn(join(root, path)))) {
    hash.update(relative(root, file)).update(readFileSync(file)) // not where the checkout is: the stamp is inside the binary
  }
  return hash.digest('hex')
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = readdirSyncOrNull(path)
  if (entries === null) return [path]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function readdirSyncOrNull(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true, recursive: true })
  } catch {
    return null // a file
  }
}

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { NOBODY } from './own-root.ts'

/**
 * A folder to be the root of a process, where nothing is but `program` as /usr/local/bin/crew, the libraries it is linked
 * with, and /data, which NOBODY may write to: no shell, no Node, no certificates.
 */
export function makeBareRoot(program: string): string {
  const root = mkdtempSync(join(tmpdir(), 'crew-root-'))
  chmodSync(root, 0o755)
  copyInto(root, program, '/usr/local/bin/crew')
  for (const library of librariesOf(program)) copyInto(root, library, library)
  mkdirSync(join(root, 'data'))
  chownSync(join(root, 'data'), NOBODY, NOBODY)
  return root
}

function librariesOf(program: string): readonly string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '')
}

function copyInto(root: string, from: string, to: string): void {
  mkdirSync(dirname(join(root, to)), { recursive: true })
  copyFileSync(from, join(root, to))
  chmodSync(join(root, to), 0o755)
}

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Mutant } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** What a run of the mutant's test told. */
export interface MutantRun {
  readonly passed: number
  /** Names of the tests that failed. */
  readonly failed: readonly string[]
  /** The end of what was printed. */
  readonly output: string
}

/** A copy of the sources to break, with the packages of the original. */
export interface SourceCopy {
  run(mutant: Mutant): Promise<MutantRun>
  remove(): void
}

/** Copies what git tracks and what is new, as it is now. */
export function copySources(): SourceCopy {
  const folder = mkdtempSync(join(tmpdir(), 'crew-mutants-'))
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const files = execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0')
  for (const file of files.filter((name) => name !== '' && name !== 'node_modules')) copy(file, folder)
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return {
    run: (mutant) => broken(folder, mutant, () => runTest(folder, mutant)),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function copy(file: string, folder: string): void {
  const target = join(folder, file)
  mkdirSync(dirname(target), { recursive: true })
  // A file that was deleted and not committed is still listed.
  try {
    cpSync(join(ROOT, file), target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The file is whole again afterwards. Throws where the text to replace is not there once: the mutant has to follow the code. */
async function broken<T>(folder: string, { name, file, find, replace }: Mutant, run: () => Promise<T>): Promise<T> {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(find).length !== 2) throw new Error(`${file} does not hold once what "${name}" replaces`)
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
  try {
    return await run()
  } finally {
    writeFileSync(path, text)
  }
}

async function runTest(folder: string, { testFile, test }: Mutant): Promise<MutantRun> {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const vitest = ['--bun', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', testFile, '-t', test]
  const output = await outputOf(
    [...vitest, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    folder,
  )
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const failed = testResults.flatMap((file) => file.assertionResults.filter(({ status }) => status === 'failed'))
  return { passed: numPassedTests, failed: failed.map(({ fullName }) => fullName), output }
}

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly { readonly assertionResults: readonly { status: string; fullName: string }[] }[]
}

/** Ends with the tests that started it. */
function outputOf(args: readonly string[], folder: string): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, CREW_TEST_BINARY: '', NO_COLOR: '1' },
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(Buffer.concat(chunks).toString().slice(-2000)))
  })
}

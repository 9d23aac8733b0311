import { spawnSync } from 'node:child_process'

const INSTALL = 'install Python 3.9 or newer and have it on the PATH as python3; on Debian: apt-get install python3'

/** The Python of the PATH; throws one sentence that says what to do when there is none, or an old one. */
export function findPython(): string {
  const { status, error } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'])
  if (error) throw new Error(`There is no python3 on the PATH: ${INSTALL}.`)
  if (status !== 0) throw new Error(`The python3 on the PATH is too old: ${INSTALL}.`)
  return 'python3'
}

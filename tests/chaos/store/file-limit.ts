import { spawnSync } from 'node:child_process'
import { expect } from 'vitest'

/** Why files cannot be limited on this system; '' where they can. */
export const NO_LIMITS = spawnSync('prlimit', ['--version']).error ? 'this system has no prlimit (util-linux)' : ''

/** Files of a running process take no more than that from now on, as on a disk that is full. */
export function limitFiles(pid: number, bytes: number | 'unlimited'): void {
  const args = ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`]
  const { status, stderr } = spawnSync('prlimit', args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
}

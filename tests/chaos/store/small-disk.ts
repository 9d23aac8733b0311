import { spawnSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { makeDir } from '../../e2e/support/crew.ts'

/** Why no file system can be mounted here; '' where one can: that is for root, and not in every container. */
export const NO_SMALL_DISK = whyNot()

/** A file system of its own, in memory, which the system itself says is full. */
export interface SmallDisk {
  readonly dir: string
  /** From now on there is so much room left. */
  leave(bytes: number): void
  /** There is room again. */
  grow(): void
}

const ROOMY = 64 * 2 ** 20
const TRIES = 100

export function mountSmallDisk(): SmallDisk {
  const dir = makeDir()
  const mount = (...args: string[]): string => spawnSync('mount', args, { encoding: 'utf8' }).stderr
  const resize = (bytes: number): string => mount('-o', `remount,size=${bytes}`, dir)
  expect(mount('-t', 'tmpfs', '-o', `size=${ROOMY}`, 'crew-test', dir)).toBe('')
  // Also while a server that was just killed still has files there.
  onTestFinished(() => void spawnSync('umount', ['--lazy', dir]))
  return {
    dir,
    leave: (bytes) => {
      const usedBytes = (): number => {
        const { blocks, bfree, bsize } = statfsSync(dir)
        return (blocks - bfree) * bsize
      }
      // More may have been written since it was asked for, than which it cannot be smaller.
      const errors: string[] = []
      while (errors.length < TRIES) {
        const error = resize(usedBytes() + bytes)
        if (error === '') return
        errors.push(error)
      }
      expect(errors).toEqual([])
    },
    grow: () => expect(resize(ROOMY)).toBe(''),
  }
}

function whyNot(): string {
  if (process.getuid?.() !== 0) return 'only root mounts a file system'
  // In a namespace of its own, which ends with it.
  const { error, status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'crew-test', '/mnt'])
  return error || status !== 0 ? 'this system lets nobody mount a file system' : ''
}

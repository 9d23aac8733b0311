import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The user of the container image: no system has one of this number. */
export const NOBODY = 10001

/** Mounts are seen by this process alone, and are gone with it: nothing has to be undone. `exec` keeps its id, for signals. */
const SCRIPT = `set -e
mount --bind "$1" "$1"
mount --bind "$1/data" "$1/data"
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -o remount,bind,ro "$1"
shift
exec chroot "$@"`

/**
 * The command line that runs `command` as a container engine would with a read-only root: `root` is all it sees, with /dev
 * and /proc (Bun aborts without), only /data can be written to, and it is NOBODY. Needs root.
 */
export function inOwnRoot(root: string, command: readonly string[]): readonly string[] {
  for (const name of ['data', 'dev', 'proc']) mkdirSync(join(root, name), { recursive: true })
  return ['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh', root, `--userspec=${NOBODY}:${NOBODY}`, root, ...command]
}

/** Why a test of a root of its own is left out here, or null. */
export const noOwnRoot: string | null =
  process.platform === 'linux' && process.getuid?.() === 0
    ? null
    : 'only root on Linux may give a process a root of its own'

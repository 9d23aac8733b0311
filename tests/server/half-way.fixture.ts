import { writeFileSync } from 'node:fs'
import { exitOnSignal } from '../../server/cli/stop-signal.ts'
import { withCopy } from '../../storage/sqlite/backup-file.ts'
import { writeWhole } from '../../storage/sqlite/whole-file.ts'

// Run as a process of its own: a backup in lines of a SQLite store, which comes half-way and no further.
const [file = ''] = process.argv.slice(2)
exitOnSignal()
setInterval(() => {}, 1000)

const writeHalf = (to: string) =>
  writeWhole(to, (partial) => {
    for (const suffix of ['', '-wal', '-journal']) writeFileSync(partial + suffix, 'half')
    return new Promise<void>((resolve) => process.once('SIGUSR2', () => resolve()))
  })

process.once('SIGUSR2', () => process.stdout.write('copied\n'))
const ended = withCopy(writeHalf, file, () => writeHalf(file))
process.stdout.write('begun\n')
await ended

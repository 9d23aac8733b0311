import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip, createGzip } from 'node:zlib'
import {
  BACKUP_FORMAT,
  type BackupEnd,
  type BackupHead,
  type BackupLine,
  readBackupEnd,
  readBackupHead,
} from '../core/backup.ts'
import type { BackupTally } from '../services/write-backup.ts'
import { SettingError } from '../settings/setting-error.ts'

/** What a file is, by how it begins. */
export type FileKind = 'sqlite' | 'gzip' | 'lines'

const SQLITE = 'SQLite format 3\0'

export async function kindOfFile(path: string): Promise<FileKind> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0)
    if (buffer.toString('latin1', 0, bytesRead) === SQLITE) return 'sqlite'
    return buffer[0] === 0x1f && buffer[1] === 0x8b ? 'gzip' : 'lines'
  } finally {
    await file.close()
  }
}

/** Writes a backup in lines: a head, what there is, and an end with the counts and the sum of all before. */
export async function writeLines(
  path: string,
  content: {
    readonly head: BackupHead
    readonly lines: AsyncIterable<BackupLine>
    readonly tally: BackupTally
    readonly isZipped: boolean
  },
): Promise<void> {
  const target = createWriteStream(path, { flags: 'r+' })
  const text = Readable.from(textOf(content), { objectMode: true })
  await (content.isZipped ? pipeline(text, createGzip(), target) : pipeline(text, target))
}

/** Lines are handed on some at a time: one by one each would be a write of its own. */
const CHARACTERS_PER_WRITE = 64 * 1024

async function* textOf({
  head,
  lines,
  tally,
}: Pick<Parameters<typeof writeLines>[1], 'head' | 'lines' | 'tally'>): AsyncGenerator<string> {
  const sum = createHash('sha256')
  let text = `${JSON.stringify(head)}\n`
  for await (const line of lines) {
    text += `${JSON.stringify(line)}\n`
    if (text.length < CHARACTERS_PER_WRITE) continue
    sum.update(text)
    yield text
    text = ''
  }
  sum.update(text)
  const { groups, tasks, records } = tally
  const end: BackupEnd = { kind: 'end', groups, tasks, records, sha256: sum.digest('hex') }
  yield `${text}${JSON.stringify(end)}\n`
}

/** Reads a file to its end and answers how it begins and ends; throws a SettingError when it is not what was written. */
export async function verifyLines(path: string): Promise<{ head: BackupHead; end: BackupEnd }> {
  const sum = createHash('sha256')
  let head: BackupHead | null = null
  let last: string | null = null
  for await (const line of linesOf(path)) {
    if (last !== null) sum.update(`${last}\n`)
    head ??= headOf(path, line)
    last = line
  }
  const end = readBackupEnd(last ?? '')
  if (head === null) throw foreign(path)
  if (end === null) throw new SettingError(`${path} is cut short: its last line is missing; take another backup.`)
  if (end.sha256 !== sum.digest('hex')) {
    throw new SettingError(`${path} is damaged: its content does not fit the sum at its end; take another backup.`)
  }
  return { head, end }
}

const foreign = (path: string): SettingError =>
  new SettingError(`${path} is no backup of Crew: name a file that crew backup wrote.`)

function headOf(path: string, line: string): BackupHead {
  const head = readBackupHead(line)
  if (head === null) throw foreign(path)
  if (head.format <= BACKUP_FORMAT) return head
  throw new SettingError(
    `${path} was written by a newer Crew (${head.version}, format ${head.format}, this one knows ${BACKUP_FORMAT}): restore it with that version.`,
  )
}

/** What stands between the head and the end of a file that was verified. */
export async function* readLines(path: string): AsyncGenerator<BackupLine> {
  let isFirst = true
  for await (const text of linesOf(path)) {
    if (!isFirst) {
      const line = JSON.parse(text) as BackupLine | BackupEnd
      if (line.kind === 'end') return
      yield line
    }
    isFirst = false
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  for await (const bytes of await bytesOf(path)) {
    const [first = '', ...more] = decoder.write(bytes).split('\n')
    parts.push(first)
    for (const next of more) {
      yield parts.join('')
      parts = [next]
    }
  }
  const rest = parts.join('') + decoder.end()
  if (rest !== '') yield rest
}

async function bytesOf(path: string): Promise<AsyncIterable<Buffer>> {
  const isZipped = (await kindOfFile(path)) === 'gzip'
  const file = createReadStream(path)
  if (!isZipped) return file
  const unzipped = createGunzip()
  file.once('error', (error) => unzipped.destroy(error))
  return orCut(path, file.pipe(unzipped))
}

async function* orCut(path: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes
  } catch {
    throw new SettingError(`${path} cannot be unpacked: it is cut short or damaged; take another backup.`)
  }
}

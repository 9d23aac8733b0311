import { createHash } from 'node:crypto'
import { type KeyKind, keyKinds } from './keys.ts'
import type { ScriptRunner } from './script-runner.ts'
import { slicesOf } from './slices.ts'

/** What a key holds: a text, a list or set of texts, or names with values (hashes, and sorted sets with their scores). */
export type Value = string | readonly string[] | ReadonlyMap<string, string>

/** Everything of a partition: by kind of key, then by the id in it. */
export type Dump = ReadonlyMap<KeyKind, ReadonlyMap<string, Value>>

/** Keys asked for at once. */
const KEYS_PER_READ = 1000
/** A partition that changes while it is read is read again, so often. */
const MAX_READS = 10

/**
 * Reads a whole partition, for the audit. Keys are read in parts, so it is read again when something was written meanwhile, which
 * scripts tell that change what the audit compares; under steady writes the last reading is what there is.
 */
export async function dumpPartition(runner: ScriptRunner, tag: string): Promise<Dump> {
  for (let reads = 1; ; reads++) {
    const before = await revisionOf(runner, tag)
    const dump = await readAll(runner, tag)
    if (reads === MAX_READS || (await revisionOf(runner, tag)) === before) return dump
  }
}

const revisionOf = (runner: ScriptRunner, tag: string): Promise<unknown> =>
  runner.command('HGET', `${tag}${keyKinds.counters}`, 'revision')

async function readAll(runner: ScriptRunner, tag: string): Promise<Dump> {
  const dump = new Map<KeyKind, Map<string, Value>>()
  for (const kind of Object.keys(keyKinds) as KeyKind[]) dump.set(kind, new Map())
  for (const keys of await listKeys(runner, tag)) {
    const replies = (await runner.run('dump', tag, ['', ...keys])) as [type: string, value: string | string[]][]
    for (const [index, key] of keys.entries()) {
      const kind = kindOf(key.slice(tag.length))
      const value = shortened(kind, readValue(replies[index] ?? ['none', '']))
      if (kind && value !== undefined) dump.get(kind)?.set(key.slice(tag.length + keyKinds[kind].length), value)
    }
  }
  return dump
}

/** What no index follows from. All of it at once would be the store once more in memory: told apart it can be by its digest. */
const PAYLOADS: readonly (KeyKind | undefined)[] = ['input', 'output', 'attempts']

function shortened(kind: KeyKind | undefined, value: Value | undefined): Value | undefined {
  if (value === undefined || !PAYLOADS.includes(kind)) return value
  return createHash('sha256').update(JSON.stringify(value)).digest('base64')
}

/** In slices. A scan may tell a key twice. */
async function listKeys(runner: ScriptRunner, tag: string): Promise<string[][]> {
  const keys = new Set<string>()
  let cursor = '0'
  do {
    const reply = await runner.scan(tag, cursor, KEYS_PER_READ)
    for (const key of reply.keys) keys.add(key)
    cursor = reply.cursor
  } while (cursor !== '0')
  return slicesOf([...keys].sort(), KEYS_PER_READ)
}

/** The longest that fits: `c:` and `cb:` are told apart by their whole. */
function kindOf(rest: string): KeyKind | undefined {
  const kinds = Object.entries(keyKinds) as [KeyKind, string][]
  const fitting = kinds.filter(([, text]) => (text.endsWith(':') ? rest.startsWith(text) : rest === text))
  return fitting.sort((a, b) => b[1].length - a[1].length)[0]?.[0]
}

function readValue([type, value]: readonly [type: string, value: string | string[]]): Value | undefined {
  switch (type) {
    case 'string':
    case 'list':
      return value
    case 'set':
      return [...value].sort()
    case 'hash':
    case 'zset':
      return new Map(
        slicesOf(value as string[], 2)
          .map(([name, text]): [string, string] => [String(name), String(text)])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    default:
      return undefined
  }
}

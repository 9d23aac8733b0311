import { SettingError } from '../../settings/setting-error.ts'
import type { CommandFlag } from '../command.ts'
import { type FileWorld, readFileOrStdin } from './given-text.ts'
import { checkJson, objectText } from './raw-members.ts'

/** How a flag is written, and what it becomes in JSON. */
export type FieldKind = 'text' | 'number' | 'yes' | 'json' | 'pairs' | 'words' | 'rate'

/** A flag that sends something: a parameter of the address or the query, or a member of the body. */
export interface Field extends CommandFlag {
  readonly kind: FieldKind
  /** `task`: a member of the one task that a group is created with. */
  readonly in: 'path' | 'query' | 'body' | 'task'
  /** What the API calls it. */
  readonly member: string
  readonly isRequired?: true
}

type FieldOptions = Pick<Field, 'about'> & Partial<Pick<Field, 'member' | 'placeholder' | 'isRequired'>>

/** A field of the query. Its name is the flag's unless `member` says another. */
export const query = (name: string, kind: FieldKind, options: FieldOptions): Field =>
  field(name, kind, 'query', options)
/** A member of the body. */
export const body = (name: string, kind: FieldKind, options: FieldOptions): Field => field(name, kind, 'body', options)
export const field = (name: string, kind: FieldKind, where: Field['in'], options: FieldOptions): Field => ({
  name,
  kind,
  in: where,
  placeholder: PLACEHOLDERS[kind],
  member: name.slice(2).replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
  ...options,
})

const PLACEHOLDERS: Readonly<Record<FieldKind, string | null>> = {
  text: 'TEXT',
  number: 'NUMBER',
  yes: null,
  json: 'JSON|@FILE|-',
  pairs: 'NAME=TEXT,…',
  words: 'WORD,…',
  rate: 'COUNT/SECONDS[/BURST]',
}

/** The JSON text that a flag stands for; `none` is null where a number could stand. Throws a SettingError that names the flag. */
export async function fieldText({ name, kind }: Field, written: string, world: FileWorld): Promise<string> {
  switch (kind) {
    case 'text':
      return JSON.stringify(written)
    case 'yes':
      return written
    case 'number':
      return numberText(name, written)
    case 'json':
      return await jsonText(name, written, world)
    case 'pairs':
      return pairsText(name, written)
    case 'words':
      return JSON.stringify(written.split(',').map((word) => word.trim()))
    case 'rate':
      return rateText(name, written)
  }
}

function numberText(name: string, written: string): string {
  if (written === 'none') return 'null'
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(written)) return written
  throw new SettingError(`${name} is "${written}": expected a number.`)
}

async function jsonText(name: string, written: string, world: FileWorld): Promise<string> {
  const text = await readFileOrStdin(written, world)
  try {
    checkJson(text)
    return text.trim()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SettingError(`${name} holds no JSON (${why}): write a value like '{"id": 7}', @FILE, or - for stdin.`)
  }
}

function pairsText(name: string, written: string): string {
  const pairs = written === '' ? [] : written.split(',').map((pair) => pair.split(/=(.*)/s, 2) as [string, string?])
  const bad = pairs.find(([, value]) => value === undefined)
  if (bad) throw new SettingError(`${name} holds "${bad[0]}": expected NAME=TEXT,NAME=TEXT.`)
  return objectText(pairs.map(([key, value = '']) => [key.trim(), JSON.stringify(value)]))
}

function rateText(name: string, written: string): string {
  if (written === 'none') return 'null'
  const parts = written.split('/')
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^\d+(\.\d+)?$/.test(part))) {
    throw new SettingError(
      `${name} is "${written}": expected COUNT/SECONDS or COUNT/SECONDS/BURST, like 100/60, or none.`,
    )
  }
  const names = ['count', 'perSeconds', 'burst']
  return objectText(parts.map((part, i) => [names[i] ?? '', part]))
}

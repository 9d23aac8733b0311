import { didYouMean } from '../../core/nearest-word.ts'
import { SettingError } from '../../settings/setting-error.ts'
import { plainValue, rawItems, rawMembers } from './raw-members.ts'
import { tableLines } from './table.ts'
import { jsonForTerminal, lines, oneLine, shortened } from './terminal-text.ts'
import type { Shows } from './verb.ts'

const FORMATS = ['table', 'json', 'jsonl', 'id'] as const
export type Format = (typeof FORMATS)[number]

export function readFormat(flags: ReadonlyMap<string, string>): Format {
  const written = flags.get('-o') ?? 'table'
  const format = FORMATS.find((each) => each === written)
  if (format !== undefined) return format
  throw new SettingError(`-o is "${written}"${didYouMean(written, FORMATS)}: expected ${FORMATS.join(', ')}.`)
}

/** Where it is shown. */
export interface Look {
  readonly format: Format
  readonly isTerminal: boolean
  readonly hasColor: boolean
}

/** What a server answered, and which id was asked for. */
export interface Answer {
  readonly id: string | null
  readonly text: string
}

/** What goes to stdout. JSON is the server's text; only a terminal gets the characters spelled that would move its cursor. */
export function shown(answers: readonly Answer[], shows: Shows, look: Look): string {
  if (shows.kind === 'member') return joined(answers.map(({ text }) => safeJson(memberOf(text, shows.member), look)))
  switch (look.format) {
    case 'json':
      return joined(answers.map(({ text }) => safeJson(text, look)))
    case 'jsonl':
      return joined(answers.flatMap(({ text }) => rowTexts(text, shows)).map((text) => safeJson(onOneLine(text), look)))
    case 'id':
      return joined(idsOf(answers, shows).map(oneLine))
    case 'table':
      return tableText(answers, shows, look)
  }
}

function tableText(answers: readonly Answer[], shows: Exclude<Shows, { kind: 'member' }>, look: Look): string {
  switch (shows.kind) {
    case 'rows':
    case 'row': {
      const rows = answers.flatMap(({ text }) => rowTexts(text, shows)).map(rawMembers)
      return joined(tableLines(rows, shows.columns, look.hasColor))
    }
    case 'fields':
      return answers.map(({ text }) => joined(fieldLines(text))).join('\n')
    case 'text':
      return joined(answers.flatMap(({ text }) => shows.lines(rawMembers(text)).map(lines)))
    case 'done':
      return joined(idsOf(answers, shows).map(oneLine))
  }
}

const rowTexts = (text: string, shows: Shows): readonly string[] =>
  shows.kind === 'rows' ? rawItems(memberOf(text, shows.member)) : [text]

function idsOf(answers: readonly Answer[], shows: Shows): readonly string[] {
  if (!('id' in shows)) return answers.map(({ id }) => id ?? '')
  return answers.flatMap(({ text }) => rowTexts(text, shows)).map((row) => plainValue(rawMembers(row).get(shows.id)))
}

const memberOf = (text: string, member: string): string => rawMembers(text).get(member) ?? 'null'

/** Of a payload, as much as tells what it is: the whole of it is in the other formats. */
const MAX_VALUE = 500

function fieldLines(text: string): readonly string[] {
  const members = [...rawMembers(text)]
  const width = Math.max(0, ...members.map(([name]) => name.length))
  return members.map(([name, raw]) =>
    `${oneLine(name).padEnd(width)}  ${shortened(oneLine(plainValue(raw)), MAX_VALUE)}`.trimEnd(),
  )
}

/** A line break in JSON stands between its words, never in a string. */
const onOneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ')

const safeJson = (text: string, { isTerminal }: Look): string => (isTerminal ? jsonForTerminal(text) : text)

const joined = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

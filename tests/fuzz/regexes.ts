import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A pattern of our own, and where it stands. */
export interface Found {
  readonly file: string
  readonly source: string
  readonly flags: string
}

/** A literal stands behind what cannot end a value, and holds no space at its ends: a division does. */
const LITERAL =
  /(?<=(?:^|[=(,:!&|?[{;]|return|=>)\s*)\/(?![*/\s])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)/gm

/** Every regular expression that stands in the code of a folder. */
export function regexesIn(folder: string): Found[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((file) => regexesOf(readFileSync(join(folder, file), 'utf8')).map((one) => ({ file, ...one })))
}

export function regexesOf(code: string): Omit<Found, 'file'>[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return [...bare.matchAll(LITERAL)].map(([, source = '', flags = '']) => ({ source, flags }))
}

/** Whether something that repeats without end holds something that does: the time of such a pattern may double with each character. */
export function hasNestedRepeats(source: string): boolean {
  const bare = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')
  const opened: boolean[] = []
  for (let at = 0; at < bare.length; at++) {
    if (bare[at] === '(') opened.push(false)
    if (bare[at] !== ')') {
      if (repeatsAt(bare, at)) markAll(opened)
      continue
    }
    const holdsRepeat = opened.pop() === true
    if (holdsRepeat && repeatsAt(bare, at + 1)) return true
    if (holdsRepeat) markAll(opened)
  }
  return false
}

function markAll(opened: boolean[]): void {
  for (let level = 0; level < opened.length; level++) opened[level] = true
}

/** `*`, `+`, `{3,}`, also lazy ones. */
const repeatsAt = (source: string, at: number): boolean => /^(?:[*+]|\{\d+,\})/.test(source.slice(at, at + 12))

/** Texts on which a pattern that goes back takes long: what it repeats, many times, and then something else. */
export function attacksOn(source: string, length: number): string[] {
  const letters = new Set(
    [...source.replaceAll('\\', '')].filter((letter) => /[\w.\-/ :"{%~]/.test(letter)).slice(0, 40),
  )
  const classes = ['a', '0', ' ', '\t', '.', '/', ',', '-', '"', '\\', 'é', '[', '<', ...letters]
  return [...new Set(classes)].map((letter) => `${letter.repeat(length)}\u0000`)
}

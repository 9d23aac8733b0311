import { eachToken, type TokenKind } from './json-tokens.ts'

/** A longer line is cut, and goes on in the next: one element of megabytes would stop the page. */
const MAX_LINE = 2000

/** The lines of JSON text, indented, for a list that holds each in an element. */
export function prettyLines(text: string): string[] {
  const lines: string[] = []
  eachPrettyLine(text, (line) => pushCut(lines, line))
  return lines
}

/** JSON text indented. Each token stays byte for byte: 1.0, 1e2 and 9007199254740993 are not touched. */
export function prettyText(text: string): string {
  const lines: string[] = []
  eachPrettyLine(text, (line) => lines.push(line))
  return lines.join('\n')
}

function eachPrettyLine(text: string, tell: (line: string) => void): void {
  let line = ''
  let depth = 0
  let previous: TokenKind | null = null
  eachToken(text, (kind, start, end) => {
    const isEnd = isClosing(kind)
    const isEmpty = isEnd && isOpening(previous)
    if (isEnd) depth = Math.max(0, depth - 1) // what is no JSON may close too often
    if ((isEnd || isOpening(previous) || previous === ',') && !isEmpty && previous !== null) {
      tell(line)
      line = '  '.repeat(depth)
    } else if (isValue(previous) && isValue(kind)) line += ' ' // no JSON either: they must not run together
    line += text.slice(start, end)
    if (kind === ':') line += ' '
    if (isOpening(kind)) depth++
    previous = kind
  })
  tell(line)
}

const isOpening = (kind: TokenKind | null): boolean => kind === '{' || kind === '['
const isClosing = (kind: TokenKind): boolean => kind === '}' || kind === ']'
const isValue = (kind: TokenKind | null): boolean => kind === 'word' || kind === 'string'

function pushCut(lines: string[], line: string): void {
  for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) lines.push(line.slice(at, at + MAX_LINE))
}

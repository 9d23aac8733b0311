/** A fenced block of a page. */
export interface Command {
  readonly block: string
  /** The first word of its info string: `sh` is to be run, `text` is to be read, `''` says nothing. */
  readonly language: string
  /** `sh background`: it goes on in a terminal of its own. */
  readonly isBackground: boolean
  /** Where its text begins, from 1. */
  readonly line: number
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(.*)$/

/** The fenced blocks of a page of Markdown, in their order. A fence that nobody closes goes on to the end, as readers show it. */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const [, fence, info = ''] = FENCE.exec(lines[at] ?? '') ?? []
    if (fence === undefined) continue
    const start = at + 1
    at = endOfBlock(lines, start, fence)
    const [language = '', ...words] = info.trim().split(/\s+/)
    const block = lines.slice(start, at).join('\n')
    commands.push({ block, language, isBackground: words.includes('background'), line: start + 1 })
  }
  return commands
}

/** Those that a reader runs. */
export const commandsToRun = (markdown: string): Command[] =>
  commandsOf(markdown).filter(({ language }) => language === 'sh')

function endOfBlock(lines: readonly string[], start: number, fence: string): number {
  const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`)
  const end = lines.findIndex((line, at) => at >= start && close.test(line))
  return end < 0 ? lines.length : end
}

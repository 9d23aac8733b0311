/** Where a storm is watched: lines that stay, and below them a few that are renewed. */
export interface Board {
  line(text: string): void
  /** A line that stays where the others are renewed, and tells nothing new where they are not. */
  note(text: string): void
  /** Shows how it stands. */
  show(lines: readonly string[]): void
  /** From now on lines are printed below what was shown last. */
  settle(): void
}

/** On a terminal the lines are renewed in place; in a file or pipe each stays, to be read afterwards. */
export function createBoard({ out, isTty }: { readonly out: (line: string) => void; readonly isTty: boolean }): Board {
  return isTty ? createTerminalBoard(out) : createLogBoard(out)
}

function createLogBoard(out: (line: string) => void): Board {
  return {
    line: out,
    note: () => {},
    show: (lines) => {
      for (const line of lines) out(line)
    },
    settle: () => {},
  }
}

function createTerminalBoard(out: (line: string) => void): Board {
  let shown: readonly string[] = []
  const draw = (above: readonly string[], lines: readonly string[]): void => {
    const over = shown.length === 0 ? '' : `\x1b[${shown.length}A\x1b[0J`
    // Line wrap is off for what is renewed: if a line took two rows, going up by one for each would not reach the first.
    const block = lines.map((line) => `\x1b[?7l${line}\x1b[?7h`)
    const text = [...above, ...block].join('\n')
    if (over !== '' || text !== '') out(over + text)
    shown = lines
  }
  return {
    line: (text) => draw([text], shown),
    note: (text) => draw([text], shown),
    show: (lines) => draw([], lines),
    settle: () => {
      shown = []
    },
  }
}

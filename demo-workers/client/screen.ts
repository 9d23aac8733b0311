/** Where the demo prints: lines that stay, and one progress line that moves along below them. */
export interface Screen {
  line(text: string): void
  progress(text: string): void
  /** Shows the progress for the last time: from now on lines are printed below it. */
  settle(text: string): void
}

interface ScreenOptions {
  readonly out: (line: string) => void
  readonly isTty: boolean
  readonly now: () => number
}

/** A screen for a terminal, or for a file or pipe, which gets plain lines only. */
export function createScreen(options: ScreenOptions): Screen {
  return options.isTty ? createTerminal(options) : createLog(options)
}

/** Up to the progress line, and clear it. */
const OVER_PROGRESS = '\x1b[1A\x1b[2K'

/** Line wrap is off while the progress line is printed: if it took two rows, going up by one would not reach its start. */
const unwrapped = (text: string) => `\x1b[?7l${text}\x1b[?7h`

function createTerminal({ out }: ScreenOptions): Screen {
  let shown = ''
  const progress = (text: string) => {
    if (text === shown) return
    out((shown === '' ? '' : OVER_PROGRESS) + unwrapped(text))
    shown = text
  }
  return {
    line(text) {
      out(shown === '' ? text : OVER_PROGRESS + text)
      if (shown !== '') out(unwrapped(shown))
    },
    progress,
    settle(text) {
      progress(text)
      shown = ''
    },
  }
}

/** A log need not say everything twice, nor more than once a second. */
const LOG_INTERVAL_MS = 1000

function createLog({ out, now }: ScreenOptions): Screen {
  let shown = ''
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    line: out,
    progress(text) {
      if (text === shown || now() - shownAt < LOG_INTERVAL_MS) return
      out(text)
      shown = text
      shownAt = now()
    },
    settle(text) {
      if (text !== shown) out(text)
    },
  }
}

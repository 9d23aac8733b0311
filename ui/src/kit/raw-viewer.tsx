import { useMemo, useRef, useState } from 'react'
import { formatBytes } from '../lib/format.ts'
import { prettyLines } from '../lib/pretty-json.ts'
import { Button } from './button.tsx'
import { CodeArea, type CodeHandle } from './code/code-area.tsx'
import { useFormatted } from './code/formatted.ts'
import { copyText } from './copy.ts'
import { LineList } from './line-list.tsx'

interface Props {
  readonly label: string
  /** JSON text as the server has it. */
  readonly text: string
  /** It fills something that has a border. */
  readonly isBare?: boolean
}

/**
 * Shows JSON text, indented but with every token as it stands: no number is rounded and no key moved. CodeMirror folds and searches
 * it, and holds only what is in sight. Until it has come, a plain list does.
 */
export function RawViewer({ label, text, isBare = false }: Props) {
  const [isRaw, setRaw] = useState(false)
  const code = useRef<CodeHandle>(null)
  const formatted = useFormatted(text)
  const bytes = useMemo(() => new Blob([text]).size, [text])
  const shown = isRaw ? text : formatted
  return (
    <section aria-label={label} className={`overflow-hidden rounded-lg ${isBare ? '' : 'border border-line'}`}>
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-1">
        <h3 className="font-semibold">{label}</h3>
        <span className="text-soft">{formatBytes(bytes)}</span>
        <span className="flex-1" />
        <Button look="quiet" onClick={() => code.current?.find()}>
          Find
        </Button>
        <Button look="quiet" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
          As stored
        </Button>
        <Button look="quiet" onClick={() => void copyText(text, label.toLowerCase())}>
          Copy
        </Button>
        <Button look="quiet" onClick={() => download(label, text)}>
          Download
        </Button>
      </div>
      <section aria-label={`${label}, text`}>
        <CodeArea
          label={label}
          text={shown}
          handle={code}
          className="max-h-[420px] min-h-10 overflow-hidden"
          fallback={(isForGood) => <PlainLines label={label} text={text} isRaw={isRaw} isWhole={isForGood} />}
        />
      </section>
    </section>
  )
}

/** More of it is not looked at for what is seen a moment only: of 5 MB it took longer than all else together. */
const HEAD = 20_000

interface PlainProps {
  readonly label: string
  readonly text: string
  readonly isRaw: boolean
  /** Else its beginning: the editor is on its way with the rest. */
  readonly isWhole: boolean
}

function PlainLines({ label, text, isRaw, isWhole }: PlainProps) {
  const lines = useMemo(() => {
    const shown = isWhole ? text : text.slice(0, HEAD)
    return isRaw ? cut(shown) : prettyLines(shown)
  }, [text, isRaw, isWhole])
  return <LineList label={label} lines={lines} />
}

const RAW_LINE = 200

/** As stored, only cut into lines that a page can hold. */
function cut(text: string): string[] {
  const lines: string[] = []
  for (let at = 0; at === 0 || at < text.length; at += RAW_LINE) lines.push(text.slice(at, at + RAW_LINE))
  return lines
}

function download(label: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: `${label.toLowerCase()}.json` })
  link.click()
  URL.revokeObjectURL(url)
}

import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'

const LINE_PX = 20
const MAX_HEIGHT_PX = 420
/** Below this all lines are in the page, so that they can be selected and found by the browser's own search. */
const FEW_LINES = 300

interface Props {
  readonly label: string
  readonly lines: readonly string[]
}

/** Lines of text, however many. */
export const LineList = ({ label, lines }: Props) =>
  lines.length <= FEW_LINES ? <FewLines label={label} lines={lines} /> : <ManyLines label={label} lines={lines} />

const BOX = 'overflow-auto bg-sunken font-mono text-[13px] whitespace-pre'

function FewLines({ label, lines }: Props) {
  return (
    <section className={`${BOX} max-h-[420px] px-3 py-2 leading-5`} tabIndex={0} aria-label={`${label}, lines`}>
      <pre className="font-mono">{lines.join('\n')}</pre>
    </section>
  )
}

/** Only what is in sight is in the page, so 5 MB are as quick as 5 kB. */
function ManyLines({ label, lines }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  })
  return (
    <section ref={box} className={BOX} style={{ height: MAX_HEIGHT_PX }} tabIndex={0} aria-label={`${label}, lines`}>
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            className="absolute left-0 h-5 px-3 leading-5"
            style={{ transform: `translateY(${start}px)` }}
          >
            {lines[index]}
          </div>
        ))}
      </div>
    </section>
  )
}

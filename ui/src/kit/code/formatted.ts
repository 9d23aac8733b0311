import { useEffect, useMemo, useState } from 'react'
import { prettyText } from '../../lib/pretty-json.ts'

/** Indenting less takes a few milliseconds: no time for anybody to see something else first. */
const MAX_AT_ONCE = 100_000

/** JSON text indented; null while a worker is at it. */
export function useFormatted(text: string): string | null {
  const isSmall = text.length <= MAX_AT_ONCE
  const small = useMemo(() => (isSmall ? prettyText(text) : null), [text, isSmall])
  const [large, setLarge] = useState({ of: '', formatted: '' })
  useEffect(() => {
    if (isSmall) return undefined
    return formatApart(text, (formatted) => setLarge({ of: text, formatted }))
  }, [text, isSmall])
  return small ?? (large.of === text ? large.formatted : null)
}

/** In a file of its own, for the policy knows no `blob:`. Where workers are refused the page does it itself. */
function formatApart(text: string, tell: (formatted: string) => void): () => void {
  const worker = new Worker(new URL('../../lib/format.worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }: MessageEvent<string>) => tell(data)
  worker.onerror = () => tell(prettyText(text))
  worker.postMessage(text)
  return () => worker.terminate()
}

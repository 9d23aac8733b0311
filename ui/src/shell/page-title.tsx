import { type ReactNode, useEffect } from 'react'

/** The one `h1` of a page; also what the tab and a screen reader call it. */
export function PageTitle({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  useEffect(() => {
    document.title = `${text} · Crew`
  }, [text])
  return (
    <h1 className="min-w-0 text-xl font-bold break-words" dir="auto">
      {children ?? text}
    </h1>
  )
}

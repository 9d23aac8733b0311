import type { FullTask } from '../../api/tasks.ts'
import { RawViewer } from '../../kit/raw-viewer.tsx'
import { Tabs } from '../../kit/tabs.tsx'
import { formatNumber } from '../../lib/format.ts'
import { Request } from './request.tsx'

/** What went in, what came out, what went wrong, and what its worker is sent. */
export function Payloads({ full: { task, raw, text } }: { readonly full: FullTask }) {
  return (
    <Tabs
      label="Payloads"
      pages={[
        { name: 'Input', content: <RawViewer isBare key="input" label="Input" text={raw.get('input') ?? 'null'} /> },
        {
          name: 'Output',
          content: <RawViewer isBare key="output" label="Output" text={raw.get('output') ?? 'null'} />,
        },
        { name: 'Errors', note: formatNumber(task.errors.length), content: <Errors errors={task.errors} /> },
        { name: 'Request', content: <Request task={task} /> },
        { name: 'Raw', content: <RawViewer isBare key="raw" label="Task" text={text} /> },
      ]}
    />
  )
}

function Errors({ errors }: { readonly errors: readonly string[] }) {
  if (errors.length === 0) return <p className="px-3 py-2 text-soft">None.</p>
  return (
    <section aria-label="Errors, newest first">
      <ol className="max-h-96 overflow-auto">
        {[...errors].reverse().map((error, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal errors differ by their place alone
          <li key={i} className="border-t border-line px-3 py-1.5 font-mono text-[13px] break-words first:border-0">
            {error}
          </li>
        ))}
      </ol>
    </section>
  )
}

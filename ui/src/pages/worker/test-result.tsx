import type { WorkerTest } from '../../api/operations.ts'
import { formatDuration } from '../../lib/format.ts'
import { prettyText } from '../../lib/pretty-json.ts'
import type { TaskState } from '../../lib/states.ts'
import { headerLines } from '../../lib/test-call.ts'

const OUTCOMES: Readonly<Record<WorkerTest['outcome'], { readonly look: TaskState; readonly text: string }>> = {
  succeeded: { look: 'succeeded', text: '✓ would succeed' },
  failed: { look: 'failed', text: '✕ would fail' },
  rateLimited: { look: 'throttled', text: '❄ would be held: a rate limit' },
  timeout: { look: 'failed', text: '✕ timed out' },
  networkError: { look: 'failed', text: '✕ network error' },
  badResponse: { look: 'failed', text: '✕ bad answer' },
}

/** What an attempt would be, then both sides of the call. */
export function TestResult({ test: { request, answer, outcome, error } }: { readonly test: WorkerTest }) {
  const { look, text } = OUTCOMES[outcome]
  return (
    <div className="mt-4 border-t border-line pt-3">
      <p>
        <span data-state-of={look} className="state font-semibold">
          {text}
        </span>
        {answer && ` · ${answer.status} in ${formatDuration(answer.durationMs)}`}
      </p>
      {error !== null && <p className="mt-1 break-words text-soft">{error}</p>}
      {answer && <Side title="Answer" first={`HTTP ${answer.status}`} headers={answer.headers} body={answer.body} />}
      <Side title="Request" first={`${request.method} ${request.url}`} headers={request.headers} body={request.body} />
    </div>
  )
}

interface SideProps {
  readonly title: string
  readonly first: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

const BOX = 'mt-1 max-h-60 overflow-auto rounded-md bg-sunken p-3 font-mono text-[13px] break-all whitespace-pre-wrap'

function Side({ title, first, headers, body }: SideProps) {
  return (
    <section aria-label={title} className="mt-3">
      <h3 className="font-semibold">{title}</h3>
      <pre className={BOX} tabIndex={0}>
        {[first, ...headerLines(headers)].join('\n')}
      </pre>
      {body !== '' && (
        <pre className={BOX} tabIndex={0}>
          {readable(body)}
        </pre>
      )}
    </section>
  )
}

/** Indented where it is JSON, else as it came. */
function readable(body: string): string {
  try {
    JSON.parse(body)
  } catch {
    return body
  }
  return prettyText(body)
}

import { useQuery } from '@tanstack/react-query'
import type { TaskSummary } from '../../api/operations.ts'
import { requestOf } from '../../api/tasks.ts'
import { Button } from '../../kit/button.tsx'
import { copyText } from '../../kit/copy.ts'
import { Failure, Loading } from '../../kit/notices.tsx'
import { RawViewer } from '../../kit/raw-viewer.tsx'
import { headerLines } from '../../lib/test-call.ts'
import { workerCurl } from '../../lib/worker-curl.ts'

/** What its worker is sent: of the attempt under way, else of the next one. */
export function Request({ task }: { readonly task: TaskSummary }) {
  const { data, error, refetch } = useQuery(requestOf(task.id))
  if (error) return <Failure error={error} onRetry={() => void refetch()} />
  if (!data) return <Loading what="the request" />
  return (
    <div className="grid gap-2 p-2">
      <div className="flex flex-wrap items-center gap-2 px-2">
        <p className="min-w-0 break-all">
          {data.url === null ? (
            'Nothing is POSTed: its worker fetches its tasks, or nobody knows where it is.'
          ) : (
            <>
              POST <code>{data.url}</code>
            </>
          )}
        </p>
        <span className="flex-1" />
        <Button look="quiet" onClick={() => void copyText(workerCurl(data), 'the call of the worker as curl')}>
          Copy as curl
        </Button>
      </div>
      {data.url !== null && (
        <section
          tabIndex={0}
          aria-label="Headers"
          className="max-h-60 overflow-auto rounded-md bg-sunken p-3 font-mono text-[13px] break-all whitespace-pre-wrap"
        >
          {headerLines(data.headers).join('\n')}
        </section>
      )}
      <RawViewer label="Body" text={data.body} />
      <p className="px-2 text-soft">
        {task.state === 'running' ? 'Of the attempt under way.' : 'Of the next attempt.'} Secrets are shown by their
        names; a callback, which the body has besides, is a secret of its attempt.
      </p>
    </div>
  )
}

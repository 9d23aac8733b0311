import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { allTraffic, useTrafficEdit } from '../../api/traffic.ts'
import { Button } from '../../kit/button.tsx'
import { Gauge } from '../../kit/gauge.tsx'
import { rateText } from '../../lib/traffic.ts'
import { LimitsDialog } from '../traffic/limits-dialog.tsx'
import { ForNow, NextStart } from '../traffic/next-start.tsx'

/** What bounds all tasks together, in one line. */
export function AllTraffic() {
  const { data } = useQuery(allTraffic)
  const [isAsked, setAsked] = useState(false)
  const action = useTrafficEdit()
  if (!data) return null
  const { inFlight, maxConcurrent, rateLimit } = data
  return (
    <section
      aria-label="All tasks together"
      className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-1 rounded-lg border border-line bg-surface px-4 py-1.5"
    >
      <span className="font-semibold">All tasks together</span>
      <span className="inline-flex items-center gap-2">
        <Gauge value={inFlight} limit={maxConcurrent} what="attempts under way" /> under way
      </span>
      <span className="text-soft">{rateLimit === null ? 'no rate limit' : rateText(rateLimit)}</span>
      <NextStart gate={data} />
      <ForNow gate={data} />
      <Button needs="updateTraffic" look="quiet" className="ml-auto" onClick={() => setAsked(true)}>
        Limits…
      </Button>
      {isAsked && (
        <LimitsDialog
          of="all tasks together"
          limits={data}
          error={action.error}
          run={(edit) => action.mutateAsync(edit)}
          curl={(body) => curlOf('updateTraffic', { body })}
          onClose={() => setAsked(false)}
        />
      )}
    </section>
  )
}

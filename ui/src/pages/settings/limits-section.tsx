import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import type { Traffic } from '../../api/operations.ts'
import { allTraffic, useTrafficEdit } from '../../api/traffic.ts'
import { Button } from '../../kit/button.tsx'
import { Gauge } from '../../kit/gauge.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { FactList, Section } from '../../kit/section.tsx'
import { rateText } from '../../lib/traffic.ts'
import { LimitsDialog } from '../traffic/limits-dialog.tsx'
import { ForNow, NextStart } from '../traffic/next-start.tsx'

/** What bounds all tasks together, beside the limits of each worker and workgroup. */
export function LimitsSection() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(allTraffic)
  const [isEditing, setEditing] = useState(false)
  const edit = useTrafficEdit()
  return (
    <Section
      title="Limits of all tasks"
      id="limits"
      actions={
        <Button needs="updateTraffic" disabled={!data} onClick={() => setEditing(true)}>
          Edit…
        </Button>
      }
    >
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {!data && !error && <Loading what="the limits" />}
      {data && <LimitFacts traffic={data} />}
      {data && isEditing && (
        <LimitsDialog
          of="all tasks"
          limits={data}
          error={edit.error}
          run={edit.mutateAsync}
          curl={(body) => curlOf('updateTraffic', { body })}
          onClose={() => setEditing(false)}
        />
      )}
    </Section>
  )
}

function LimitFacts({ traffic }: { readonly traffic: Traffic }) {
  const { inFlight, maxConcurrent, rateLimit, ramp } = traffic
  return (
    <>
      <FactList
        facts={[
          ['Under way', <Gauge key="g" value={inFlight} limit={maxConcurrent} what="attempts under way" />],
          ['At once', maxConcurrent ?? 'no limit'],
          ['Rate', rateLimit ? rateText(rateLimit) : 'no limit'],
          ['Opening step', ramp.stepSeconds === 0 ? 'full speed at once' : `${ramp.stepSeconds} s`],
          ['The next', <NextStart key="n" gate={traffic} />],
        ]}
      />
      <ForNow gate={traffic} />
    </>
  )
}

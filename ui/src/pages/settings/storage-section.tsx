import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { System } from '../../api/operations.ts'
import { system } from '../../api/system.ts'
import { Button } from '../../kit/button.tsx'
import { Failure, Loading } from '../../kit/notices.tsx'
import { FactList, Section } from '../../kit/section.tsx'
import { formatBytes } from '../../lib/format.ts'
import { forecastWords, retentionWords } from '../../lib/storage-words.ts'
import { CleanDialog } from './clean-dialog.tsx'

/** How full the storage is, when it will be, and what goes by itself or by hand. */
export function StorageSection() {
  const { data, error, refetch, dataUpdatedAt } = useQuery(system)
  const [isCleaning, setCleaning] = useState(false)
  return (
    <Section
      title="Storage"
      id="storage"
      actions={
        <Button needs="clean" onClick={() => setCleaning(true)}>
          Clean…
        </Button>
      }
    >
      {error && <Failure error={error} onRetry={() => void refetch()} shownAt={dataUpdatedAt} />}
      {!data && !error && <Loading what="the size of the storage" />}
      {data && <StorageFacts system={data} />}
      {isCleaning && <CleanDialog onClose={() => setCleaning(false)} />}
    </Section>
  )
}

const bytesOr = (bytes: number | null, instead: string): string => (bytes === null ? instead : formatBytes(bytes))

function StorageFacts({ system: { storage, retention } }: { readonly system: System }) {
  const { usedBytes, bytes, freeBytes, bytesPerTask } = storage
  const isKeepingRoom = bytes !== null && usedBytes !== null && bytes > usedBytes
  return (
    <FactList
      facts={[
        ['In use', bytesOr(usedBytes, 'not told: it is in the memory of the server')],
        ...(isKeepingRoom ? [['On disk', `${formatBytes(bytes)}; what is not in use is taken again`] as const] : []),
        ['Free', bytesOr(freeBytes, 'nobody knows')],
        ['A task', bytesOr(bytesPerTask, 'not measured yet')],
        ['Forecast', forecastWords(storage)],
        ['Retention', retentionWords(retention)],
      ]}
    />
  )
}

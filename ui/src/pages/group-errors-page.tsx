import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { errorList } from '../api/errors.ts'
import { Empty, Failure, Loading } from '../kit/notices.tsx'
import { useRowKeys } from '../kit/use-row-keys.ts'
import { ErrorTable } from './errors/error-table.tsx'
import { GroupFrame } from './group/group-frame.tsx'

/** By what the tasks of a group fail now. */
export function GroupErrorsPage() {
  const { gid } = useParams({ from: '/shell/groups/$gid/errors' })
  const errors = useQuery(errorList({ taskGroup: gid }))
  useRowKeys()
  return (
    <GroupFrame gid={gid}>
      {() => (
        <section aria-label="Errors" className="rounded-xl border border-line bg-surface">
          {errors.error && (
            <Failure error={errors.error} onRetry={() => void errors.refetch()} shownAt={errors.dataUpdatedAt} />
          )}
          {errors.isPending && <Loading what="the errors" />}
          {errors.data && errors.data.errors.length > 0 && <ErrorTable list={errors.data} taskGroup={gid} />}
          {errors.data?.errors.length === 0 && <Empty title="Nothing in this group fails." />}
        </section>
      )}
    </GroupFrame>
  )
}

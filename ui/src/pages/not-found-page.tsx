import { Link } from '@tanstack/react-router'
import { Empty } from '../kit/notices.tsx'
import { PageTitle } from '../shell/page-title.tsx'

export function NotFoundPage() {
  return (
    <>
      <PageTitle text="Not found" />
      <Empty title="Nothing is at this address.">
        <Link to="/groups" className="text-accent underline">
          All task groups
        </Link>
      </Empty>
    </>
  )
}

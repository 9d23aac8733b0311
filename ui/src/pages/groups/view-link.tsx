import { useLinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { GroupSearch } from '../../lib/list-search.ts'

interface Props {
  readonly search: GroupSearch
  readonly isCurrent: boolean
  readonly title?: string | undefined
  readonly children: ReactNode
}

/** A view of the list: a link, so that it can be kept, sent and opened beside. */
export function ViewLink({ search, isCurrent, title, children }: Props) {
  const link = useLinkProps({ to: '/groups', search })
  return (
    <a
      {...link}
      // After what the router says: it calls every view current whose filter is a part of the one that is looked at.
      aria-current={isCurrent || undefined}
      title={title}
      className="inline-flex min-h-8 items-center rounded-md px-2.5 text-soft no-underline hover:bg-sunken aria-[current=true]:bg-sunken aria-[current=true]:font-semibold aria-[current=true]:text-ink max-sm:min-h-11"
    >
      {children}
    </a>
  )
}

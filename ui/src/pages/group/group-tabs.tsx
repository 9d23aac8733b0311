import { Link } from '@tanstack/react-router'

const TAB =
  'inline-flex min-h-8 items-center border-b-2 border-transparent px-3 text-soft no-underline hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-semibold aria-[current=page]:text-ink max-sm:min-h-11'

/** The views of a group, each at an address of its own. */
export const GroupTabs = ({ gid }: { readonly gid: string }) => (
  <nav aria-label="Views of the group" className="flex gap-1">
    <Link to="/groups/$gid" params={{ gid }} activeOptions={{ exact: true, includeSearch: false }} className={TAB}>
      Tasks
    </Link>
    <Link to="/groups/$gid/timeline" params={{ gid }} activeOptions={{ includeSearch: false }} className={TAB}>
      Timeline
    </Link>
    <Link to="/groups/$gid/errors" params={{ gid }} activeOptions={{ includeSearch: false }} className={TAB}>
      Errors
    </Link>
  </nav>
)

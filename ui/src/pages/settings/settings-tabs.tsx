import { Link } from '@tanstack/react-router'

const TABS = [
  { to: '/settings', label: 'General' },
  { to: '/settings/users', label: 'Users' },
  { to: '/settings/tokens', label: 'Tokens' },
] as const

/** The pages below the settings. */
export const SettingsTabs = () => (
  <nav aria-label="Settings" className="mt-2 flex flex-wrap gap-1 border-b border-line">
    {TABS.map(({ to, label }) => (
      <Link
        key={to}
        to={to}
        activeOptions={{ exact: true }}
        className="-mb-px inline-flex min-h-9 items-center border-b-2 border-transparent px-3 font-medium text-soft no-underline hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink max-sm:min-h-11"
      >
        {label}
      </Link>
    ))}
  </nav>
)

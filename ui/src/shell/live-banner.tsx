import { useSyncExternalStore } from 'react'
import { live } from '../api/live.ts'
import { serverNow } from '../api/server-clock.ts'
import { formatRecent } from '../lib/format.ts'
import { useTimeZone } from './preferences.ts'

/** Above every page while the server does not answer. What is shown stays. */
export function LiveBanner() {
  const { mode, heardAt } = useSyncExternalStore(live.subscribe, live.get)
  const timeZone = useTimeZone()
  const time = new Date(heardAt).toISOString()
  return (
    <div role="status">
      {mode === 'lost' && (
        <p className="border-b border-line bg-sunken px-4 py-1.5 text-center">
          Reconnecting… data as of{' '}
          <time dateTime={time} className="whitespace-nowrap">
            {formatRecent(time, serverNow(), timeZone)}
          </time>
        </p>
      )}
    </div>
  )
}

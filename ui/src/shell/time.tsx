import { useNow } from '../api/server-clock.ts'
import { formatRelative, formatTime, isSet } from '../lib/format.ts'
import { useTimeZone } from './preferences.ts'

/** `3 m ago`, and the exact time with its zone to whoever points at it. */
export function Ago({ time }: { readonly time: string }) {
  const now = useNow()
  const timeZone = useTimeZone()
  if (!isSet(time)) return <>—</>
  return (
    <time dateTime={time} title={formatTime(time, timeZone)} className="whitespace-nowrap">
      {formatRelative(time, now)}
    </time>
  )
}

/** The exact time. */
export function Time({ time }: { readonly time: string }) {
  const timeZone = useTimeZone()
  if (!isSet(time)) return <>—</>
  return (
    <time dateTime={time} title={time}>
      {formatTime(time, timeZone)}
    </time>
  )
}

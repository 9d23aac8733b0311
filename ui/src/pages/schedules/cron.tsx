import type { ScheduleRow } from '../../api/operations.ts'
import { cronWords } from '../../lib/cron-words.ts'

/** When it fires: in words where there are some, as it is written, and in which zone. */
export function Cron({ schedule: { cron, timezone } }: { readonly schedule: ScheduleRow }) {
  const words = cronWords(cron)
  return (
    <>
      {words && <span className="block">{words}</span>}
      <code className={`font-mono text-[13px] break-words ${words ? 'text-soft' : ''}`}>{cron}</code>{' '}
      <span className="text-soft">{timezone}</span>
    </>
  )
}

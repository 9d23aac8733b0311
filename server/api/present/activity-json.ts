import type { Activity } from '../../core/activity.ts'
import { formatTime } from '../../core/time.ts'

const present = ({ id, at, actor, action, target, summary, requestId }: Activity) => ({
  id,
  at: formatTime(at),
  actor,
  action,
  target: { kind: target.kind, id: target.id },
  summary,
  requestId,
})

/** A page of what was done, with how much there is over all pages. */
export const activityListJson = (activity: readonly Activity[], count: number): string =>
  JSON.stringify({ activity: activity.map(present), count })

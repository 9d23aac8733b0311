import { ACTIVITY_KIND } from './activity.ts'
import { TOKEN_KIND } from './api-token.ts'
import { type Fault, faultOf } from './fault.ts'
import { NOTIFICATIONS_KEY } from './notifications.ts'
import { VIEW_KIND } from './saved-view.ts'
import { SCHEDULE_KIND } from './schedule-records.ts'
import { ADMIN_RECORD, USER_KIND } from './user.ts'
import { SETTINGS_KIND } from './worker-settings.ts'

const KINDS: readonly string[] = [ACTIVITY_KIND, TOKEN_KIND, SCHEDULE_KIND, USER_KIND, SETTINGS_KIND, VIEW_KIND]
const KEYS: readonly string[] = [NOTIFICATIONS_KEY, ADMIN_RECORD]

/** What is wrong with a small document; null when nothing is. One that cannot be read stops whatever lists its kind. */
export function faultOfRecord(key: string, value: string): Fault | null {
  const kind = key.slice(0, Math.max(0, key.indexOf('/')))
  if (!(KINDS.includes(kind) || KEYS.includes(key)) || isObject(value)) return null
  return faultOf('record', key, 'its text', { expected: 'a JSON object', found: 'something else' })
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

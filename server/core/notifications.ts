import type { Receiver } from './receiver.ts'

/** The record of who is told of all groups. */
export const NOTIFICATIONS_KEY = 'notifications/all'
/** Written before the first group is that has something to tell: until then no server looks for any. */
export const IN_USE_KEY = 'notifications/in-use'

/** Who is told of all groups, and since when there has been somebody. */
export interface Notifications {
  readonly receivers: readonly Receiver[]
  /** 0: there is nobody. */
  readonly since: number
}

export const NO_NOTIFICATIONS: Notifications = { receivers: [], since: 0 }

export const notificationsText = (notifications: Notifications): string => JSON.stringify(notifications)

export const notificationsFrom = (text: string | null): Notifications =>
  text === null ? NO_NOTIFICATIONS : { ...NO_NOTIFICATIONS, ...(JSON.parse(text) as Partial<Notifications>) }

/** With these receivers. As long as there is anybody, those who come later are told of what happens from then on as well. */
export const withReceivers = (before: Notifications, receivers: readonly Receiver[], now: number): Notifications => ({
  receivers,
  since: receivers.length === 0 ? 0 : before.since || now,
})

import type { Notifications, TaskGroup } from '../api/operations.ts'

/** Somebody who is told of all groups, or of one. */
export type Receiver = Notifications['notify'][number]
export type EventType = NonNullable<Receiver['events']>[number]
type GroupEvent = NonNullable<TaskGroup['notify'][number]['events']>[number]

/** What may be told of a group, as people read it. */
export const GROUP_EVENTS = [
  ['group.succeeded', 'group succeeded'],
  ['group.failed', 'group failed'],
  ['group.paused', 'group paused'],
  ['task.failed', 'task failed for good'],
] as const satisfies readonly (readonly [GroupEvent, string])[]

/** What may be told whoever's it is. */
export const ALL_EVENTS = [
  ...GROUP_EVENTS,
  ['workgroup.held', 'workgroup held'],
] as const satisfies readonly (readonly [EventType, string])[]

/** What a receiver is told, in words. */
export const eventWords = ({ events = [] }: Receiver): string =>
  ALL_EVENTS.filter(([type]) => events.includes(type))
    .map(([, words]) => words)
    .join(', ')

/** Where receivers are, in a few words: each host once. Their URLs may be long, and paths of some are secrets. */
export function hostsOf(receivers: readonly { readonly url: string }[]): string {
  return [...new Set(receivers.map(({ url }) => new URL(url).host))].join(', ')
}

import type { Fault } from './errors.ts'
import { type FinallyTask, parseFinally } from './finally-task.ts'
import { type GivenReceiver, groupEventTypes, parseReceivers, type Receiver, type ReceiverPolicy } from './receiver.ts'
import { isObject } from './task-input.ts'
import type { Told } from './told.ts'

/**
 * What becomes of a group when one of its tasks fails for good. `wait`: what stands below that task waits until somebody acts, all else
 * goes on. `continue`: what stands below goes on as if the task were complete. `failFast`: nothing of the group starts any more.
 */
export const failurePolicies = ['wait', 'continue', 'failFast'] as const
export type FailurePolicy = (typeof failurePolicies)[number]

/** How a group is run. Engines keep it as one text, and know nothing of it. */
export interface GroupSettings {
  readonly onTaskFailure: FailurePolicy
  /** Who is told what becomes of the group. */
  readonly notify: readonly Receiver[]
  /** A task that runs when the others have ended; null: none. */
  readonly finally: FinallyTask | null
  /** What was told of it, and what its end led to; null: nothing yet. Nobody sets it: it is Crew's own. */
  readonly told: Told | null
}

export const DEFAULT_GROUP_SETTINGS: GroupSettings = { onTaskFailure: 'wait', notify: [], finally: null, told: null }

const settingNames = Object.keys(DEFAULT_GROUP_SETTINGS) as readonly (keyof GroupSettings)[]

/** Of what was given the settings; what was not given stays as it was. */
export function groupSettingsOf(given: Partial<GroupSettings>, before = DEFAULT_GROUP_SETTINGS): GroupSettings {
  const picked = settingNames.filter((name) => given[name] !== undefined).map((name) => [name, given[name]])
  return { ...before, ...Object.fromEntries(picked) }
}

/** The text that engines keep: what differs from the defaults, so that most groups keep nothing. */
export function groupSettingsText(settings: GroupSettings): string {
  const usual = new Map(Object.entries(DEFAULT_GROUP_SETTINGS).map(([name, value]) => [name, JSON.stringify(value)]))
  return JSON.stringify(
    Object.fromEntries(Object.entries(settings).filter(([name, value]) => JSON.stringify(value) !== usual.get(name))),
  )
}

/** What an older server did not know has its default; what a newer one wrote besides is kept. Absent: all defaults. */
export function groupSettingsFrom(text: string | undefined): GroupSettings {
  if (text === undefined || text === '{}') return DEFAULT_GROUP_SETTINGS
  return { ...DEFAULT_GROUP_SETTINGS, ...(JSON.parse(text) as Partial<GroupSettings>) }
}

/** The settings as a client gives them: secrets of receivers are not stored yet. */
export type GivenSettings = Partial<Omit<GroupSettings, 'notify' | 'told'>> & {
  readonly notify?: readonly GivenReceiver[]
}

/** Reads the settings among the fields of a group that a client sends. */
export function parseGroupSettings(body: unknown, policy: ReceiverPolicy): { input: GivenSettings; faults: Fault[] } {
  if (!isObject(body)) return { input: {}, faults: [] }
  const parsed = [parsePolicy(given(body, 'onTaskFailure')), parseNotify(body, policy), parseLast(body)]
  return {
    input: Object.assign({}, ...parsed.map(({ input }) => input)),
    faults: parsed.flatMap(({ faults }) => faults),
  }
}

const given = (body: Readonly<Record<string, unknown>>, name: keyof GroupSettings): unknown =>
  Object.hasOwn(body, name) ? body[name] : undefined

function parsePolicy(policy: unknown): { input: GivenSettings; faults: Fault[] } {
  if (policy === undefined) return { input: {}, faults: [] }
  const known = failurePolicies.find((name) => name === policy)
  if (known !== undefined) return { input: { onTaskFailure: known }, faults: [] }
  const words = failurePolicies.map((name) => `"${name}"`).join(', ')
  return { input: {}, faults: [{ pointer: '/onTaskFailure', detail: `expected one of ${words}` }] }
}

function parseNotify(body: Record<string, unknown>, policy: ReceiverPolicy): { input: GivenSettings; faults: Fault[] } {
  const value = given(body, 'notify')
  if (value === undefined) return { input: {}, faults: [] }
  const parsed = parseReceivers(value ?? [], { pointer: '/notify', policy, events: groupEventTypes })
  return { input: { notify: parsed.given }, faults: parsed.faults }
}

function parseLast(body: Record<string, unknown>): { input: GivenSettings; faults: Fault[] } {
  const value = given(body, 'finally')
  if (value === undefined) return { input: {}, faults: [] }
  const { task, faults } = parseFinally(value, '/finally')
  return { input: { finally: task }, faults }
}

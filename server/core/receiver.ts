import type { Fault } from './errors.ts'
import { RECEIVER_PREFIX } from './ids.ts'
import { type GivenSecret, parseSigningSecrets } from './signing-secret.ts'
import { isObject } from './task-input.ts'
import type { SettingsPolicy } from './worker-edit.ts'
import { parseWorkerUrl } from './worker-url.ts'

/** What may be told of a group. `paused`: somebody paused it. `task.failed`: a task of it failed for good. */
export const groupEventTypes = ['group.succeeded', 'group.failed', 'group.paused', 'task.failed'] as const
/** What may be told whoever's it is. */
export const eventTypes = [...groupEventTypes, 'workgroup.held'] as const
export type EventType = (typeof eventTypes)[number]

/** Somebody who is told, as it is stored. */
export interface Receiver {
  readonly url: string
  readonly events: readonly EventType[]
  /** The worker that deliveries to it are tasks of: by its name they are held, paced and signed. */
  readonly worker: string
  /** What people see of the secrets that sign; they themselves are settings of that worker. */
  readonly shownSecrets: readonly string[]
}

/** Somebody to tell, as a client asks for it. */
export interface GivenReceiver {
  readonly url: string
  readonly events: readonly EventType[]
  readonly secrets: readonly GivenSecret[]
}

/** Each gets each event: more are a list of its own, which a receiver can keep. */
export const MAX_RECEIVERS = 10
/** It is kept in the metadata of the task that is a delivery. */
export const MAX_RECEIVER_URL = 1024
export const receiverFields = ['url', 'events', 'signingSecret'] as const

export type ReceiverPolicy = Pick<SettingsPolicy, 'egressAllow' | 'signingKeys'>

/** Reads a list of receivers; `events`: those that may be asked for, and are when none is named. Faults point below `pointer`. */
export function parseReceivers(
  value: unknown,
  { pointer, policy, events }: { pointer: string; policy: ReceiverPolicy; events: readonly EventType[] },
): { given: GivenReceiver[]; faults: Fault[] } {
  if (!Array.isArray(value)) return { given: [], faults: [{ pointer, detail: 'expected an array of receivers' }] }
  if (value.length > MAX_RECEIVERS)
    return { given: [], faults: [{ pointer, detail: `expected at most ${MAX_RECEIVERS} receivers` }] }
  const parsed = value.map((item, at) => parseReceiver(item, { pointer: `${pointer}/${at}`, policy, events }))
  const given = parsed.map((one) => one.given)
  const twice = given.flatMap(({ url }, at) => {
    const isTwice = url !== '' && given.findIndex((other) => other.url === url) < at
    return isTwice ? [{ pointer: `${pointer}/${at}/url`, detail: 'is there twice' }] : []
  })
  return { given, faults: [...parsed.flatMap((one) => one.faults), ...twice] }
}

type Context = { readonly pointer: string; readonly policy: ReceiverPolicy; readonly events: readonly EventType[] }

function parseReceiver(item: unknown, context: Context): { given: GivenReceiver; faults: Fault[] } {
  const { pointer, policy } = context
  const none: GivenReceiver = { url: '', events: [], secrets: [] }
  if (!isObject(item)) return { given: none, faults: [{ pointer, detail: 'expected {url, events}' }] }
  const url = parseUrl(item.url, context)
  const events = parseEvents(item.events ?? null, context)
  const { given: secrets, faults } = parseSigningSecrets(item.signingSecret ?? null, {
    pointer: `${pointer}/signingSecret`,
    policy: policy.signingKeys,
  })
  const unknown = Object.keys(item).filter((name) => !receiverFields.some((field) => field === name))
  return {
    given: { url: url.url, events: events.events, secrets },
    faults: [
      ...url.faults,
      ...events.faults,
      ...faults,
      ...unknown.map((name) => ({ pointer: `${pointer}/${name}`, detail: `expected ${receiverFields.join(', ')}` })),
    ],
  }
}

function parseUrl(value: unknown, { pointer, policy }: Context): { url: string; faults: Fault[] } {
  const refused = (detail: string) => ({ url: '', faults: [{ pointer: `${pointer}/url`, detail }] })
  const expected = `expected an http or https URL of at most ${MAX_RECEIVER_URL} characters`
  const parsed = parseWorkerUrl(value ?? null, { name: '', allowed: policy.egressAllow })
  if ('fault' in parsed) return refused(parsed.fault)
  if (parsed.url === null || parsed.url.length > MAX_RECEIVER_URL) return refused(expected)
  return { url: parsed.url, faults: [] }
}

function parseEvents(value: unknown, { pointer, events }: Context): { events: EventType[]; faults: Fault[] } {
  if (value === null) return { events: [...events], faults: [] }
  const words = events.map((name) => `"${name}"`).join(', ')
  const refused = { events: [], faults: [{ pointer: `${pointer}/events`, detail: `expected some of ${words}` }] }
  if (!Array.isArray(value) || value.length === 0) return refused
  const known = events.filter((name) => value.includes(name))
  return value.every((name) => events.includes(name)) ? { events: known, faults: [] } : refused
}

/**
 * The worker of deliveries to a URL: one for each host, so that a host that is down is held once, and a URL in each of a million
 * groups makes no million workers. `secretName`: what tells the secrets that sign from others; '' is none.
 */
export function receiverWorker(url: string, secretName: string): string {
  const host = new URL(url).host.replaceAll(/[^A-Za-z0-9.~-]/g, '_').replaceAll(/\.{2,}/g, '.')
  return `${RECEIVER_PREFIX}${host.slice(0, 200)}${secretName === '' ? '' : `/${secretName}`}`
}

/** Whether deliveries of this worker go to that URL: what signs for one host must not sign for another. */
export const isReceiverOf = (worker: string, url: string): boolean =>
  worker === receiverWorker(url, worker.slice(RECEIVER_PREFIX.length).split('/')[1] ?? '')

/** A URL as it is shown: with many receivers the path is the secret. */
export const maskedUrl = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}/****` : '****')

/** Whether it is what is shown of a URL, and no URL. */
export const isMasked = (url: string): boolean => url === maskedUrl(url)

/** Whether deliveries of this worker must be signed. */
export const isSignedReceiver = (worker: string): boolean => worker.slice(RECEIVER_PREFIX.length).includes('/')

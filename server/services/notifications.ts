import { createHash } from 'node:crypto'
import { CrewError } from '../core/errors.ts'
import type { GivenSettings, GroupSettings } from '../core/group-settings.ts'
import {
  IN_USE_KEY,
  NOTIFICATIONS_KEY,
  type Notifications,
  notificationsFrom,
  notificationsText,
  withReceivers,
} from '../core/notifications.ts'
import { type GivenReceiver, isMasked, maskedUrl, type Receiver, receiverWorker } from '../core/receiver.ts'
import type { GivenSecret } from '../core/signing-secret.ts'
import { maskSecret } from '../core/signing-secret.ts'
import { noSettings } from '../core/worker-settings.ts'
import type { Turns } from './turns.ts'
import type { WorkerContext } from './worker-context.ts'
import { editWorker } from './workers.ts'

/** Records have no guard: whoever changes who is told of all groups reads and writes it back without another in between. */
export interface NotificationContext extends WorkerContext {
  readonly notificationTurns: Turns
}

/** Enough that two secrets never have one name, and the name tells nothing of a secret. */
const NAME_LENGTH = 16

type Kept<Group> = Omit<Group, keyof GivenSettings> & Partial<GroupSettings>

/** What a client gave, with its receivers as they are stored; their secrets become settings of the workers that deliveries are tasks of. */
export interface KnownReceivers<Group extends GivenSettings> {
  readonly group: Kept<Group>
  /** Writes these settings. For when nothing of the request can be refused any more, and before the group is written. */
  readonly keep: () => Promise<void>
}

/** `before`: the receivers until now, whose masked URLs and secrets may be sent back. Throws `invalid_request` for others that are masked. */
export function resolveReceivers<Group extends GivenSettings>(
  context: WorkerContext,
  given: Group,
  before: readonly Receiver[] = [],
): KnownReceivers<Group> {
  const { notify, ...rest } = given
  const known = resolveAll(notify ?? [], before)
  const kept = notify === undefined ? {} : { notify: known.map(({ receiver }) => receiver) }
  const hasMore = known.length > 0 || (given.finally ?? null) !== null
  return {
    // What the compiler cannot see: `rest` is the group without this one setting.
    group: { ...rest, ...kept } as unknown as Kept<Group>,
    async keep() {
      if (hasMore) await markInUse(context)
      await keepSecrets(context, known)
    },
  }
}

export const getNotifications = async ({ storage }: WorkerContext): Promise<Notifications> =>
  notificationsFrom(await storage.getRecord(NOTIFICATIONS_KEY))

/** Sets who is told of all groups. */
export function putNotifications(
  context: NotificationContext,
  given: readonly GivenReceiver[],
): Promise<Notifications> {
  return context.notificationTurns.take(async () => {
    const { storage, clock } = context
    const before = await getNotifications(context)
    const known = resolveAll(given, before.receivers)
    const next = withReceivers(
      before,
      known.map(({ receiver }) => receiver),
      clock.now(),
    )
    await keepSecrets(context, known)
    // As late as may be: a server that finds the mark and nobody to tell yet has told the end of a group, to nobody, for good.
    if (known.length > 0) await markInUse(context)
    await storage.putRecord(NOTIFICATIONS_KEY, notificationsText(next))
    return next
  })
}

/** Before anything is written that is to be looked for: a server that finds no such mark looks for nothing. */
async function markInUse({ storage }: WorkerContext): Promise<void> {
  if ((await storage.getRecord(IN_USE_KEY)) === null) await storage.putRecord(IN_USE_KEY, 'true')
}

/** A receiver as it is stored, and the secrets that are to be written for it; null when they are there. */
interface KnownReceiver {
  readonly receiver: Receiver
  readonly secrets: readonly GivenSecret[] | null
}

/** Not those of a rule for all workers: its headers are none of a receiver's business. */
const { name: _name, signingSecrets: _none, ...plain } = noSettings('')

async function keepSecrets(context: WorkerContext, known: readonly KnownReceiver[]): Promise<void> {
  for (const { receiver, secrets } of known) {
    if (secrets === null || context.directory.all.has(receiver.worker)) continue
    await editWorker(context, receiver.worker, { settings: plain, signingSecrets: secrets, limits: {} })
  }
}

const resolveAll = (given: readonly GivenReceiver[], before: readonly Receiver[]): KnownReceiver[] =>
  given.map((receiver, at) => resolve({ ...receiver, url: wholeUrl(given, before, at) }, { before, at }))

/**
 * Sent back as viewers and websockets see it: that receiver stays, where it is the only one of its host. Kept as it is written, whoever
 * saves what he was shown would have nobody told any more.
 */
function wholeUrl(given: readonly GivenReceiver[], before: readonly Receiver[], at: number): string {
  const url = given[at]?.url ?? ''
  if (!isMasked(url)) return url
  const [known, ...others] = before.filter((one) => maskedUrl(one.url) === url)
  const isTwice = known !== undefined && given.some((one) => one.url === known.url)
  if (known && others.length === 0 && !isTwice) return known.url
  throw masked(`/notify/${at}/url`, 'A URL', isTwice ? 'is there twice' : 'is not of one receiver: give all of it')
}

const masked = (pointer: string, what: string, detail: string): CrewError =>
  new CrewError('invalid_request', `${what} is masked: ${detail}.`, [{ pointer, detail }])

function resolve(
  { url, events, secrets }: GivenReceiver,
  { before, at }: { before: readonly Receiver[]; at: number },
): KnownReceiver {
  if (secrets.some(({ kind }) => kind === 'shown'))
    return { receiver: shownBefore(secrets, { url, events, before, at }), secrets: null }
  const shownSecrets = secrets.map(shownOf)
  const worker = receiverWorker(url, secrets.length === 0 ? '' : nameOf(secrets))
  return { receiver: { url, events, worker, shownSecrets }, secrets: secrets.length === 0 ? null : secrets }
}

/** Sent back as it was shown: the secrets stay. They may sign for another URL of that host only. */
function shownBefore(
  secrets: readonly GivenSecret[],
  { url, events, before, at }: { before: readonly Receiver[]; at: number } & Pick<Receiver, 'url' | 'events'>,
): Receiver {
  const shown = secrets.map(shownOf)
  const isSame = (known: Receiver): boolean =>
    `${known.shownSecrets}` === `${shown}` && new URL(known.url).host === new URL(url).host
  const known = before.find((one) => one.url === url && isSame(one)) ?? before.find(isSame)
  if (known) return { url, events, worker: known.worker, shownSecrets: known.shownSecrets }
  const detail = 'no such secret is stored: give all of it, not what is shown of it'
  throw masked(`/notify/${at}/signingSecret`, 'A signing secret', detail)
}

function shownOf(secret: GivenSecret): string {
  if (secret.kind === 'named') return `secret:${secret.name}`
  return secret.kind === 'shown' ? secret.text : maskSecret(secret.text)
}

function nameOf(secrets: readonly GivenSecret[]): string {
  const texts = secrets.map((secret) => (secret.kind === 'named' ? `secret:${secret.name}` : secret.text))
  return createHash('sha256').update(texts.join(' ')).digest('hex').slice(0, NAME_LENGTH)
}

import { onTestFinished } from 'vitest'
import { digest } from '../../server/controller/digest.ts'
import { GroupWatcher } from '../../server/controller/group-watcher.ts'
import type { Clock } from '../../server/core/clock.ts'
import { IN_USE_KEY, NOTIFICATIONS_KEY, notificationsText } from '../../server/core/notifications.ts'
import { type EventType, eventTypes, type Receiver, receiverWorker } from '../../server/core/receiver.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { type ControllerWorld, type ControllerWorldOptions, openControllerWorld } from './controller-world.ts'
import type { FakeCall } from './fake-workers.ts'
import { settle } from './simulated-timers.ts'

/** A controller, and watchers that tell what becomes of groups. */
export interface WatcherWorld extends ControllerWorld {
  /** A server that tells; several on one store are several servers. */
  startWatcher(options?: { wrap?: (storage: TaskStorage) => TaskStorage; clock?: Clock }): Promise<GroupWatcher>
  /** Says who is told of all groups, from now on. */
  notifyAll(...receivers: Receiver[]): Promise<void>
  /** What was POSTed to this URL, in order. */
  postsTo(url: string): FakeCall[]
  /** The types of the events that were POSTed there, and what each is about. */
  toldTo(url: string): string[]
  /** Answers all that is open with success, again and again, until nothing is left. */
  answerAll(): Promise<void>
}

export const RECEIVER_URL = 'https://hooks.example.com/crew'

export const receiver = (fields: Partial<Receiver> & { events?: readonly EventType[] } = {}): Receiver => {
  const { url = RECEIVER_URL, events = eventTypes } = fields
  return { url, events, worker: receiverWorker(url, ''), shownSecrets: [], ...fields }
}

interface Told {
  readonly type: string
  readonly data: { readonly taskGroupId?: string; readonly taskId?: string; readonly workgroup?: string }
}

export async function openWatcherWorld(options: ControllerWorldOptions = {}): Promise<WatcherWorld> {
  const world = await openControllerWorld(options)
  const { storage, clock, timers, book, workers, logged } = world
  await storage.putRecord(IN_USE_KEY, 'true')
  const watchers: GroupWatcher[] = []
  onTestFinished(async () => {
    const stopped = Promise.all(watchers.map((watcher) => watcher.stop()))
    await Promise.race([stopped, settle()])
  })
  const postsTo = (url: string): FakeCall[] => workers.calls.filter((call) => call.url === url)
  return {
    ...world,
    postsTo,
    async startWatcher({ wrap = (same: TaskStorage) => same, clock: own = clock } = {}) {
      const keep = (_: object, message: string): void => void logged.push(message)
      const logger = { debug: () => {}, info: () => {}, warn: keep, error: keep }
      const onUse = () => book.expectReceivers()
      const watcher = new GroupWatcher({ storage: wrap(storage), clock: own, timers, logger, digest, onUse })
      watchers.push(watcher)
      watcher.start()
      await settle()
      return watcher
    },
    async notifyAll(...receivers) {
      await storage.putRecord(NOTIFICATIONS_KEY, notificationsText({ receivers, since: clock.now() }))
      await timers.advance(1000)
    },
    toldTo: (url) =>
      postsTo(url).map(({ body }) => {
        const { type, data } = JSON.parse(body) as Told
        return `${type} ${data.taskId ?? data.workgroup ?? data.taskGroupId}`
      }),
    async answerAll() {
      do {
        for (const call of workers.open) call.reply()
        await timers.advance(300)
      } while (workers.open.length > 0)
    },
  }
}

import { onTestFinished } from 'vitest'
import { calendar } from '../../server/calendar.ts'
import { Scheduler } from '../../server/controller/scheduler.ts'
import type { ScheduleEdit } from '../../server/core/schedule-input.ts'
import type { ScheduleTemplate } from '../../server/core/schedule-template.ts'
import {
  type FullScheduleView,
  getSchedule,
  putSchedule,
  type ScheduleContext,
} from '../../server/services/schedules.ts'
import { Turns } from '../../server/services/turns.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { openServiceWorld, type ServiceWorld } from './service-world.ts'
import { type SimulatedTimers, settle, simulatedTimers } from './simulated-timers.ts'

/** Schedules on an empty store, at a time that the test moves. */
export interface SchedulerWorld extends Omit<ServiceWorld, 'context'> {
  readonly context: ScheduleContext
  readonly timers: SimulatedTimers
  readonly logged: string[]
  /** A server that fires; several on one store are several servers. */
  startScheduler(options?: { wrap?: (storage: TaskStorage) => TaskStorage }): Promise<Scheduler>
  /** The schedule `s`, which fires a group with the task `a` at every full minute unless it says otherwise. */
  create(edit?: ScheduleEdit, template?: Partial<ScheduleTemplate>): Promise<void>
  edit(edit: ScheduleEdit, template?: Partial<ScheduleTemplate>): Promise<void>
  read(id?: string): Promise<FullScheduleView>
  advance(ms?: number): Promise<void>
  /** The ids of all groups, in the order of their creation. */
  groupIds(): Promise<string[]>
  /** Every task that can run succeeds, until none is left; the scheduler hears of it. */
  finishAll(): Promise<void>
}

const plain: ScheduleTemplate = {
  name: '',
  metadata: {},
  keyScope: 'group',
  isPaused: false,
  tasks: [{ id: 'a', worker: 'w' }],
}

export async function openSchedulerWorld(): Promise<SchedulerWorld> {
  const world = await openServiceWorld()
  const timers = simulatedTimers(world.clock)
  const context: ScheduleContext = { ...world.context, calendar, scheduleTurns: new Turns() }
  const logged: string[] = []
  const schedulers: Scheduler[] = []
  // Before the storage is closed by the hook of the world below.
  onTestFinished(async () => {
    const stopped = Promise.all(schedulers.map((scheduler) => scheduler.stop()))
    await Promise.race([stopped, settle()])
  })
  const read = (id = 's') => getSchedule(context, id)
  return {
    ...world,
    context,
    timers,
    logged,
    read,
    async startScheduler({ wrap = (storage: TaskStorage) => storage } = {}) {
      const keep = (_: object, message: string): void => void logged.push(message)
      const logger = { debug: () => {}, info: () => {}, warn: keep, error: keep }
      const scheduler = new Scheduler({ storage: wrap(world.storage), clock: world.clock, timers, calendar, logger })
      schedulers.push(scheduler)
      scheduler.start()
      await settle()
      return scheduler
    },
    async create(edit = {}, template = {}) {
      await putSchedule(context, 's', { cron: '* * * * *', ...edit }, { ...plain, ...template })
      await settle()
    },
    async edit(edit, template) {
      await putSchedule(context, 's', edit, template && { ...plain, ...template })
      await settle()
    },
    advance: (ms = 0) => timers.advance(ms),
    async groupIds() {
      const { groups } = await world.storage.listGroups({ page: 1, pageSize: 0, search: '' })
      return groups.map(({ id }) => id).reverse()
    },
    async finishAll() {
      await world.runAll()
      await settle()
    },
  }
}

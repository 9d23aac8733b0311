import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digest } from '../../server/controller/digest.ts'
import type { Happening } from '../../server/core/delivery.ts'
import { DEFAULT_GROUP_SETTINGS, type GroupSettings } from '../../server/core/group-settings.ts'
import { eventTypes } from '../../server/core/receiver.ts'
import { Hold } from '../../server/core/task.ts'
import type { CountedGroup } from '../../server/core/task-group.ts'
import {
  afterReset,
  decideHeld,
  decideTelling,
  isSettled,
  isUntold,
  type Look,
  MAX_OUTBOX,
  NOTHING_TOLD,
  type Told,
} from '../../server/core/told.ts'
import { makeGroup, makeHold, makeTask } from '../support/make.ts'

const now = Date.UTC(2026, 10, 22)
const none = { succeeded: 0, running: 0, failed: 0, paused: 0, blocked: 0, waiting: 0 }
const failedTask = (fields = {}) =>
  makeTask({ id: 'a', holds: Hold.exhausted, remainingAttempts: 0, attempts: 1, errors: ['no'], ...fields })

function makeLook(
  counts: Partial<CountedGroup['counts']>,
  settings: Partial<GroupSettings> = {},
  more: Partial<Look> = {},
): Look {
  const group = makeGroup({ settings: { ...DEFAULT_GROUP_SETTINGS, ...settings } })
  const counted = {
    ...group,
    counts: { ...none, ...counts },
    waiting: { scheduled: 0, retrying: 0, throttled: 0 },
    weightTotal: 1,
    weightDone: 1,
  }
  return {
    group: counted,
    failed: [],
    paused: [],
    isWorking: false,
    wanted: new Set(eventTypes),
    since: 0,
    isOld: false,
    ...more,
  }
}

const decide = (look: Look) => decideTelling(look, { now, digest })
const typesOf = (outbox: readonly Happening[] = []) => outbox.map(({ type }) => type)
/** As it is when what was to be told is told. */
const sent = (told: Told | undefined): Told => ({ ...(told ?? NOTHING_TOLD), outbox: [] })

describe('what is told of a group', () => {
  test('is nothing while it is empty or goes on', () => {
    expect(decide(makeLook({}))).toBeNull()
    expect(decide(makeLook({ running: 1 }))).toBeNull()
    expect(decide(makeLook({ waiting: 1, failed: 1 }))).toBeNull()
  })

  test('is its end, once', () => {
    const first = decide(makeLook({ succeeded: 1 }))
    expect(typesOf(first?.told.outbox)).toEqual(['group.succeeded'])
    expect(decide(makeLook({ succeeded: 1 }, { told: sent(first?.told) }))).toBeNull()
  })

  test('is another end when it went on in between, or failed by other attempts', () => {
    const failed = [failedTask()]
    const first = decide(makeLook({ failed: 1 }, {}, { failed }))
    expect(typesOf(first?.told.outbox)).toEqual(['task.failed', 'group.failed'])
    const told = sent(first?.told)
    expect(decide(makeLook({ failed: 1 }, { told }, { failed }))).toBeNull()
    const again = decide(makeLook({ failed: 1 }, { told }, { failed: [failedTask({ attempts: 2 })] }))
    expect(typesOf(again?.told.outbox)).toEqual(['task.failed', 'group.failed'])
    const going = decide(makeLook({ running: 1 }, { told }, { isWorking: true }))
    expect([going?.told.as, typesOf(going?.told.outbox)]).toEqual(['', []])
    const ids = [...(first?.told.outbox ?? []), ...(again?.told.outbox ?? [])].map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
  })

  test('is only what somebody wants; the rest is noted', () => {
    const first = decide(makeLook({ succeeded: 1 }, {}, { wanted: new Set(['group.failed']) }))
    expect(first?.told).toMatchObject({ as: 'succeeded', outbox: [] })
  })

  test('is nothing of an end that was before anybody asked', () => {
    const old = decide(makeLook({ failed: 1 }, {}, { failed: [failedTask()], since: now, isOld: true }))
    expect(old?.told).toMatchObject({ as: 'failed', since: now, outbox: [] })
  })

  test('is at most so much at once, and the rest later', () => {
    const failed = Array.from({ length: MAX_OUTBOX + 10 }, (_, at) => failedTask({ id: `t${at}` }))
    const first = decide(makeLook({ waiting: 1, failed: failed.length }, {}, { failed }))
    expect(first?.told.outbox).toHaveLength(MAX_OUTBOX)
    const second = decide(makeLook({ waiting: 1, failed: failed.length }, { told: sent(first?.told) }, { failed }))
    expect(second?.told.outbox).toHaveLength(10)
  })

  test('is each thing once, whatever the group goes through', () => {
    const step = fc.constantFrom('run', 'succeed', 'fail', 'look') as fc.Arbitrary<'run' | 'succeed' | 'fail' | 'look'>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let told: Told | null = null
        let state: 'run' | 'succeed' | 'fail' = 'run'
        let attempts = 0
        let ends = 0
        const ids: string[] = []
        for (const next of steps) {
          // An end is another one when something ran before it.
          const isEnd = state === 'run' && (next === 'succeed' || next === 'fail')
          if (isEnd) ends++
          if (isEnd && next === 'fail') attempts++
          if (next === 'run' || isEnd) state = next
          const failed = state === 'fail' ? [failedTask({ attempts })] : []
          const counts = { run: { running: 1 }, succeed: { succeeded: 1 }, fail: { failed: 1 } }[state]
          const telling = decide(
            makeLook(
              counts,
              { told },
              { failed, isWorking: true, wanted: new Set(['group.succeeded', 'group.failed']) },
            ),
          )
          ids.push(...(telling?.told.outbox ?? []).map(({ id }) => id))
          if (telling) told = sent(telling.told)
        }
        expect([ids.length, new Set(ids).size]).toEqual([ends, ends])
      }),
    )
  })
})

describe('the last task', () => {
  const last = { finally: { worker: 'cleanup' } }

  test('comes before the end is told, and is made once', () => {
    const first = decide(makeLook({ succeeded: 1 }, last))
    expect([first?.finallyTask?.worker, first?.told.outbox]).toEqual(['cleanup', []])
    const ended = decide(makeLook({ succeeded: 2 }, { ...last, told: first?.told ?? null }))
    expect([ended?.finallyTask, typesOf(ended?.told.outbox)]).toEqual([null, ['group.succeeded']])
  })

  test('has another id at each end, and the same whoever makes it', () => {
    const made = (told: Told | null) => decide(makeLook({ succeeded: 1 }, { ...last, told }))
    const first = made(null)
    expect(made(null)?.finallyTask?.id).toBe(first?.finallyTask?.id)
    expect(made(afterReset(first?.told ?? null))?.finallyTask?.id).not.toBe(first?.finallyTask?.id)
  })

  test('of a stopped group waits until it is noted what was paused', () => {
    const look = makeLook({ failed: 1, waiting: 1 }, last, { failed: [failedTask()], paused: ['p'] })
    const stopped = {
      ...look,
      group: { ...look.group, isPaused: true, stoppedBy: { taskId: 'a', at: now, isPausedToo: false } },
    }
    const first = decide(stopped)
    expect([first?.finallyTask, first?.told.stop]).toEqual([null, { cause: stopped.group.stoppedBy, paused: ['p'] }])
  })

  test('belongs to the end of its group', () => {
    const group = makeLook({ succeeded: 1 }, last).group
    const withTold = (told: Partial<Told>) => ({
      ...group,
      settings: { ...group.settings, told: { ...NOTHING_TOLD, ...told } },
    })
    expect(isSettled(group)).toBe(false)
    expect(isSettled(withTold({ finally: 'f' }))).toBe(false)
    expect(isSettled(withTold({ finally: 'f', as: 'succeeded' }))).toBe(true)
    expect(isSettled(withTold({ finally: 'f', as: 'failed' }))).toBe(false)
    expect(isSettled(makeLook({ succeeded: 1 }, {}).group)).toBe(true)
    expect(isSettled(makeLook({ failed: 1 }, {}).group)).toBe(true)
    expect(isSettled(makeLook({ failed: 1, waiting: 1 }, {}).group)).toBe(false)
  })

  test('keeps its group from being deleted until the end is told', () => {
    const group = makeGroup({ settings: { ...DEFAULT_GROUP_SETTINGS, ...last } })
    expect(isUntold(group)).toBe(true)
    expect(isUntold({ ...group, settings: { ...group.settings, told: { ...NOTHING_TOLD, as: 'succeeded' } } })).toBe(
      false,
    )
    expect(isUntold(makeGroup())).toBe(false)
  })
})

describe('holds on workgroups', () => {
  const hold = (until: number) => makeHold({ name: 'shop', until, since: now })
  const held = (told: Told, until: number, at = now) => decideHeld(told, [hold(until)], { now: at, digest })

  test('are told as they begin, and not as they are raised', () => {
    const first = held(NOTHING_TOLD, now + 60_000)
    expect(typesOf(first?.outbox)).toEqual(['workgroup.held'])
    expect(held(sent(first ?? undefined), now + 90_000)).toBeNull()
    const raised = held(sent(first ?? undefined), now + 90_000, now + 59_500)
    expect([raised?.outbox, raised?.holds.shop]).toEqual([[], now + 90_000])
  })

  test('are told again when there was none in between', () => {
    const first = held(NOTHING_TOLD, now + 60_000)
    const over = decideHeld(sent(first ?? undefined), [], { now: now + 62_000, digest })
    expect(over).toMatchObject({ holds: {}, outbox: [] })
    expect(typesOf(held(sent(over ?? undefined), now + 90_000, now + 70_000)?.outbox)).toEqual(['workgroup.held'])
  })
})

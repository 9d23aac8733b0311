import { describe, expect, test } from 'vitest'
import { RecentMap } from '../../server/controller/recent-map.ts'
import { TrafficWatch } from '../../server/controller/traffic-watch.ts'
import type { Task } from '../../server/core/task.ts'
import { noSettings } from '../../server/core/worker-settings.ts'
import type { ClaimedTask } from '../../storage/task-storage.ts'
import { endedWith, NOW, read, runningTask } from '../support/attempts.ts'

const LEFT = { remaining: 60, resetMs: 10_000, limit: 100, windowMs: null, isWholeSeconds: false }

const claim = (id: string, fields: Partial<Task> = {}): ClaimedTask => ({
  task: runningTask({ id, workgroup: 'key', ...fields }),
  token: id,
  parents: [],
  isProbe: false,
})

const openWatch = () => new TrafficWatch({ settingsOf: noSettings })

/** The pace that the end of this attempt writes, as starts in ten seconds. */
function startsIn10s(watch: TrafficWatch, claimed: ClaimedTask, body: unknown = '{}'): number | null {
  const { signs } = watch.ended(claimed, endedWith(read(body)), LEFT)
  const [pace] = signs.changes.flatMap((change) => (change.kind === 'paceWork' ? [change.pace] : []))
  return pace ? Math.round((pace.until - NOW) / pace.intervalMs) : null
}

describe('what is left, told by an answer', () => {
  test('is less those of its workgroup that started after it, and no others', () => {
    const watch = openWatch()
    watch.began(claim('before'), NOW)
    watch.began(claim('told'), NOW)
    for (const id of ['x', 'y']) watch.began(claim(id), NOW)
    watch.began(claim('z', { workgroup: 'other' }), NOW)
    watch.dropped(claim('x'))
    expect(startsIn10s(watch, claim('told'))).toBe(60 - 2 - 10)
  })

  test('of another workgroup is less all that is in flight there', () => {
    const watch = openWatch()
    for (const id of ['x', 'y', 'z']) watch.began(claim(id), NOW)
    watch.began(claim('told', { workgroup: '' }), NOW)
    watch.dropped(claim('x'))
    expect(startsIn10s(watch, claim('told', { workgroup: '' }), { workgroup: 'key' })).toBe(60 - 2 - 10)
  })

  test('is written again by the next answer when nobody wrote it', () => {
    const watch = openWatch()
    for (const id of ['a', 'b', 'c']) watch.began(claim(id), NOW)
    const first = watch.ended(claim('a'), endedWith(read()), LEFT)
    expect(first.signs.changes).toHaveLength(1)
    first.forget()
    expect(startsIn10s(watch, claim('b'))).not.toBe(null)
    expect(startsIn10s(watch, claim('c'))).toBe(null)
  })
})

test('a map of what was set last forgets what was set longest ago', () => {
  const map = new RecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  map.set('c', 4)
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([3, undefined, 4])
})

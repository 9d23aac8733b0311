import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digest } from '../../server/controller/digest.ts'
import {
  deliveriesOf,
  deliveryGroup,
  type Happening,
  isDelivery,
  isOfNotifications,
  readDelivery,
  shownMetadata,
  urlOfDelivery,
} from '../../server/core/delivery.ts'
import { decideUpdate } from '../../server/core/edits.ts'
import { isReceiverOf, receiverWorker } from '../../server/core/receiver.ts'
import type { WorkerReply } from '../../server/core/worker-response.ts'
import { makeTask } from '../support/make.ts'
import { receiver } from '../support/watcher-world.ts'

const at = Date.UTC(2026, 10, 22, 10)
const happening: Happening = { id: 'x', type: 'group.failed', at, data: { taskGroupId: 'g', name: 'Orders' } }
const answer = (status: number, body = '', headers = {}): WorkerReply => ({
  kind: 'answer',
  status,
  headers,
  body,
  bytes: body.length,
})

describe('a delivery', () => {
  test('is a task of the group of its day, whose input is what is sent', () => {
    const [task] = deliveriesOf(happening, [receiver()], { now: at, digest })
    expect(task).toMatchObject({
      groupId: 'crew.notifications.2026-11-22',
      name: 'group.failed: Orders',
      worker: 'crew.notify/hooks.example.com',
      input:
        '{"type":"group.failed","timestamp":"2026-11-22T10:00:00.000Z","data":{"taskGroupId":"g","name":"Orders"}}',
    })
    expect(task && [isDelivery(task), urlOfDelivery(task)]).toEqual([true, 'https://hooks.example.com/crew'])
    expect(isOfNotifications(deliveryGroup(happening).id)).toBe(true)
  })

  test('goes to those who want that event, once to each', () => {
    const urls = ['https://a.com/', 'https://b.com/', 'https://c.com/']
    const receivers = urls.map((url, index) =>
      receiver({ url, events: index === 1 ? ['group.paused'] : ['group.failed'] }),
    )
    const tasks = deliveriesOf(happening, receivers, { now: at, digest })
    expect(tasks.map(urlOfDelivery)).toEqual(['https://a.com/', 'https://c.com/'])
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(2)
  })

  test('has an id of what happened and who is told, whenever and by whomever it is made', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (one, other, now) => {
        const idOf = (id: string, time: number) =>
          deliveriesOf({ ...happening, id }, [receiver()], { now: time, digest })[0]?.id
        expect(idOf(one, now)).toBe(idOf(one, 0))
        expect(idOf(one, now) === idOf(other, now)).toBe(one === other)
      }),
    )
  })
})

describe('the answer of a receiver', () => {
  test('is success with any 2xx, whatever its body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 299 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(readDelivery(answer(status, body), at)).toMatchObject({ kind: 'success', output: 'null', children: [] })
      }),
    )
  })

  test('with 410 is the end; other failures are tried again', () => {
    expect(readDelivery(answer(410), at)).toMatchObject({ kind: 'failure', isRetryable: false })
    for (const status of [301, 400, 404, 500]) {
      expect(readDelivery(answer(status), at)).toMatchObject({ kind: 'failure', isRetryable: true })
    }
    expect(readDelivery({ kind: 'timeout', message: 'no answer' }, at)).toMatchObject({
      kind: 'failure',
      reason: 'timeout',
    })
    expect(readDelivery(answer(429, '', { 'retry-after': '7' }), at)).toMatchObject({
      kind: 'rateLimited',
      holdMs: 7000,
    })
  })

  test('holds no workgroup and delays no children, whatever it asks for', () => {
    const body = '{"error":"no","workgroup":"shop","workgroupDelayInSeconds":60,"childrenDelayInSeconds":5,"output":1}'
    const delays = { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null }
    for (const status of [429, 500])
      expect(readDelivery(answer(status, body), at)).toMatchObject({ delays, output: null })
  })
})

describe('what is signed in the name of Crew', () => {
  const [task = makeTask()] = deliveriesOf(happening, [receiver()], { now: at, digest })

  test('nobody else writes; sent back as it was shown, it stays', () => {
    const url = 'https://evil.example.com/'
    for (const edit of [{ input: '{}' }, { metadata: { url } }, { worker: 'w' }]) {
      expect(() => decideUpdate(task, edit, 'group')).toThrow('is a delivery')
    }
    const shown = { input: task.input, metadata: { ...shownMetadata(task) }, priority: 1 }
    expect(decideUpdate(task, shown, 'group').changes).toMatchObject([{ patch: { priority: 1 } }])
    expect(shownMetadata(task)).toEqual({ url: 'https://hooks.example.com/****', event: 'group.failed' })
  })

  test('is for the host of its worker alone', () => {
    const worker = receiverWorker('https://a.example.com/x', 'name')
    expect(isReceiverOf(worker, 'https://a.example.com/y')).toBe(true)
    expect(isReceiverOf(worker, 'https://b.example.com/x')).toBe(false)
    expect(isReceiverOf(receiverWorker('https://a.example.com/x', ''), 'https://a.example.com/y')).toBe(true)
  })
})

test('only the groups of deliveries are Crew’s own', () => {
  expect(['crew.notifications', 'crew.notifications.x', 'crew.notifications-test'].map(isOfNotifications)).toEqual([
    true,
    true,
    false,
  ])
})

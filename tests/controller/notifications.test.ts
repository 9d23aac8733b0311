import { expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { getGroup, pauseGroup, resumeGroup, retryGroup } from '../../server/services/groups.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { answer } from '../support/attempts.ts'
import { changeSet, holdWork } from '../support/changes.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openWatcherWorld, RECEIVER_URL, receiver } from '../support/watcher-world.ts'

const notify = [receiver()]
const refused = { ...answer({ error: 'no stock' }), status: 500 }

test('an end is told once to each receiver, as a task of the group of the day that is signed as any other', async () => {
  const world = await openWatcherWorld()
  const { graph, answerAll, toldTo, postsTo, startWatcher, storage } = world
  await startWatcher()
  const other = receiver({ url: 'https://other.example.com/', events: ['group.failed'] })
  await graph([{ id: 'a' }], { name: 'Orders', notify: [receiver(), other] })
  await answerAll()
  expect([toldTo(RECEIVER_URL), toldTo(other.url)]).toEqual([['group.succeeded g'], []])
  const [post] = postsTo(RECEIVER_URL)
  const body = JSON.parse(post?.body ?? '')
  expect(body).toMatchObject({
    type: 'group.succeeded',
    data: { taskGroupId: 'g', name: 'Orders', state: 'succeeded', counts: { succeeded: 1 }, completedPercent: 1 },
  })
  expect(Object.keys(body)).toEqual(['type', 'timestamp', 'data'])
  const day = await storage.getGroup(`crew.notifications.${body.timestamp.slice(0, 10)}`)
  expect(day).toMatchObject({ name: `Notifications of ${body.timestamp.slice(0, 10)}`, counts: { succeeded: 1 } })
})

test('a group that fails, is tried again and fails again is told of twice, and once when it succeeds', async () => {
  const { graph, workers, advance, answerAll, toldTo, startWatcher, context } = await openWatcherWorld()
  await startWatcher()
  await graph([{ id: 'a', remainingAttempts: 1 }], { notify })
  await advance(10)
  workers.call('a').reply(refused)
  await answerAll()
  expect(toldTo(RECEIVER_URL)).toEqual(['task.failed a', 'group.failed g'])
  await retryGroup(context, 'g', { remainingAttempts: 1 })
  await advance(2)
  workers.call('a').reply(refused)
  await answerAll()
  expect(toldTo(RECEIVER_URL).slice(2)).toEqual(['task.failed a', 'group.failed g'])
  await retryGroup(context, 'g', { remainingAttempts: 1 })
  await answerAll()
  expect(toldTo(RECEIVER_URL).slice(4)).toEqual(['group.succeeded g'])
})

test('a second failure is told although nobody saw the group go on in between', async () => {
  const { graph, workers, advance, answerAll, toldTo, startWatcher, context } = await openWatcherWorld()
  const first = await startWatcher()
  await graph([{ id: 'a', remainingAttempts: 1 }], { notify })
  await advance(10)
  workers.call('a').reply(refused)
  await answerAll()
  await first.stop()
  await retryGroup(context, 'g', { remainingAttempts: 1 })
  await advance(2)
  workers.call('a').reply(refused)
  await advance(2)
  await startWatcher()
  await answerAll()
  expect(toldTo(RECEIVER_URL)).toEqual(['task.failed a', 'group.failed g', 'task.failed a', 'group.failed g'])
})

test('each pause is told once, however soon it follows the one before', async () => {
  const { graph, advance, answerAll, toldTo, startWatcher, context } = await openWatcherWorld()
  await startWatcher()
  await graph([{ id: 'a', runAfter: Number.MAX_SAFE_INTEGER }], { notify })
  await pauseGroup(context, 'g')
  await answerAll()
  await pauseGroup(context, 'g')
  await resumeGroup(context, 'g')
  await pauseGroup(context, 'g')
  await answerAll()
  await advance(30_000)
  expect(toldTo(RECEIVER_URL)).toEqual(['group.paused g', 'group.paused g'])
})

test('two servers that see the same end tell it once', async () => {
  const { graph, answerAll, toldTo, startWatcher, advance } = await openWatcherWorld()
  await startWatcher()
  await startWatcher()
  for (const id of ['g1', 'g2', 'g3']) await graph([{ id: `a-${id}` }], { id, notify })
  await answerAll()
  await advance(30_000)
  await answerAll()
  expect(toldTo(RECEIVER_URL).toSorted()).toEqual(['group.succeeded g1', 'group.succeeded g2', 'group.succeeded g3'])
})

/** A server that dies as its commit of this number is executed: it hears of no answer, and does nothing any more. */
function dyingAt(commitNumber: number, isExecuted: boolean): (storage: TaskStorage) => TaskStorage {
  let commits = 0
  const gone = () => new Promise<never>(() => {})
  return (storage) =>
    wrapStorage(storage, {
      async commit(changeSets) {
        commits++
        if (commits < commitNumber) return storage.commit(changeSets)
        if (commits === commitNumber && isExecuted) await storage.commit(changeSets)
        return gone()
      },
      getGroup: (id) => (commits >= commitNumber ? gone() : storage.getGroup(id)),
    })
}

for (const commitNumber of [1, 2, 3]) {
  for (const isExecuted of [false, true]) {
    const how = isExecuted ? 'executed and not answered' : 'lost'
    test(`what a server does not live to tell another tells once: write ${commitNumber} is ${how}`, async () => {
      const { graph, answerAll, toldTo, startWatcher, advance } = await openWatcherWorld()
      await startWatcher({ wrap: dyingAt(commitNumber, isExecuted) })
      await graph([{ id: 'a' }], { notify })
      await answerAll()
      await startWatcher()
      await advance(1000)
      await answerAll()
      await advance(30_000)
      expect(toldTo(RECEIVER_URL)).toEqual(['group.succeeded g'])
    })
  }
}

test('a commit that fails after it was executed is repeated, and nothing is told twice', async () => {
  const { graph, answerAll, toldTo, startWatcher, advance } = await openWatcherWorld()
  let commits = 0
  const wrap = (storage: TaskStorage) =>
    wrapStorage(storage, {
      async commit(changeSets) {
        const results = await storage.commit(changeSets)
        if (++commits <= 3) throw new Error('the connection was reset')
        return results
      },
    })
  await startWatcher({ wrap })
  await graph([{ id: 'a' }], { notify })
  await answerAll()
  await advance(5000)
  await answerAll()
  expect(toldTo(RECEIVER_URL)).toEqual(['group.succeeded g'])
})

test('whoever is told of all groups hears of those that end from then on, and not of those that ended before', async () => {
  const { graph, advance, answerAll, toldTo, startWatcher, notifyAll, workers } = await openWatcherWorld()
  await graph([{ id: 'old' }], { id: 'ended' })
  await answerAll()
  await graph([{ id: 'running', remainingAttempts: 1 }], { id: 'active' })
  await advance(1)
  await startWatcher()
  await notifyAll(receiver({ events: ['group.succeeded', 'group.failed'] }))
  await advance(15_000)
  workers.call('running').reply(refused)
  await graph([{ id: 'new' }], { id: 'later' })
  await answerAll()
  await advance(30_000)
  await answerAll()
  expect(toldTo(RECEIVER_URL).toSorted()).toEqual(['group.failed active', 'group.succeeded later'])
})

test('a workgroup that is held is told once while the hold lasts, also when it is raised', async () => {
  const { graph, advance, answerAll, toldTo, startWatcher, notifyAll, workers } = await openWatcherWorld()
  await startWatcher()
  await startWatcher()
  await notifyAll(receiver({ events: ['workgroup.held'] }))
  await graph([
    { id: 'a', workgroup: 'shop' },
    { id: 'b', workgroup: 'shop' },
  ])
  await advance(10)
  const limited = { ...answer({}), status: 429, headers: { 'retry-after': '60' } }
  workers.call('a').reply(limited)
  await advance(500)
  await answerAll()
  await advance(61_000)
  expect(toldTo(RECEIVER_URL)).toEqual(['workgroup.held shop'])
})

test('what happens after the clock was set back an hour is told in time', async () => {
  const { graph, advance, answerAll, toldTo, startWatcher, notifyAll, storage, clock } = await openWatcherWorld()
  let aheadMs = 3_600_000
  await startWatcher({ clock: { now: () => clock.now() + aheadMs } })
  await notifyAll(receiver({ events: ['workgroup.held', 'group.paused'] }))
  await graph([{ id: 'a', runAfter: Number.MAX_SAFE_INTEGER }])
  await advance(20_000)
  aheadMs = 0
  await advance(1000)
  const hold = holdWork('workgroup', 'shop', clock.now() + 60_000)
  await storage.commit([changeSet({ changes: [hold], events: [{ type: 'workgroup.held', workgroup: 'shop' }] })])
  await answerAll()
  await advance(1000)
  await answerAll()
  expect(toldTo(RECEIVER_URL)).toEqual(['workgroup.held shop'])
})

test('any 2xx is success whatever it says, a failure is tried again, and 410 is the end', async () => {
  const { graph, advance, postsTo, startWatcher, storage, clock } = await openWatcherWorld()
  await startWatcher()
  const gone = receiver({ url: 'https://gone.example.com/' })
  await graph([{ id: 'a' }], { notify: [receiver(), gone], isPaused: true })
  await advance(500)
  postsTo(RECEIVER_URL)[0]?.reply({ ...answer({}), status: 500 })
  postsTo(gone.url)[0]?.reply({ ...answer({}), status: 410 })
  await advance(6000)
  postsTo(RECEIVER_URL)[1]?.reply({ ...answer({}), status: 202, body: '<html>thanks</html>' })
  await advance(100_000)
  expect([postsTo(RECEIVER_URL).length, postsTo(gone.url).length]).toEqual([2, 1])
  const ids = postsTo(RECEIVER_URL).map(({ headers }) => headers[headers.indexOf('webhook-id') + 1])
  expect(ids[0]).toBe(ids[1])
  const day = new Date(clock.now()).toISOString().slice(0, 10)
  expect(await storage.getGroup(`crew.notifications.${day}`)).toMatchObject({ counts: { succeeded: 1, failed: 1 } })
})

test('what an outage interrupts is told when it is over', async () => {
  const { graph, answerAll, toldTo, startWatcher, advance } = await openWatcherWorld()
  let isAway = false
  const fail = () => Promise.reject(new CrewError('storage_unavailable', 'away'))
  const wrap = (storage: TaskStorage) =>
    wrapStorage(storage, {
      getGroup: (id) => (isAway ? fail() : storage.getGroup(id)),
      getRecord: (key) => (isAway ? fail() : storage.getRecord(key)),
    })
  await startWatcher({ wrap })
  isAway = true
  await graph([{ id: 'a' }], { notify })
  await answerAll()
  await advance(1000)
  expect(toldTo(RECEIVER_URL)).toEqual([])
  isAway = false
  await advance(2000)
  expect(toldTo(RECEIVER_URL)).toEqual(['group.succeeded g'])
})

test('groups that nobody asked about are not written to', async () => {
  const { graph, answerAll, startWatcher, advance, context } = await openWatcherWorld()
  await startWatcher()
  await graph([{ id: 'a' }])
  await answerAll()
  await advance(60_000)
  expect((await getGroup(context, 'g')).epoch).toBe(0)
})

test('a receiver without a secret gets neither the headers nor the signature of a rule, nor what the environment sends', async () => {
  const { graph, advance, postsTo, startWatcher } = await openWatcherWorld({
    baseUrl: null,
    signingSecrets: [`whsec_${Buffer.alloc(32, 9).toString('base64')}`],
    secrets: { KEY: 'sk-live-12345' },
    settings: { '*': { headers: { 'x-key': 'secret:KEY' }, url: 'https://workers.example.com/' } },
  })
  await startWatcher()
  await graph([{ id: 'a' }], { notify, isPaused: true })
  await advance(500)
  const [post] = postsTo(RECEIVER_URL)
  const names = post?.headers.filter((_, at) => at % 2 === 0)
  expect(names).toContain('webhook-id')
  for (const name of ['x-key', 'webhook-signature', 'authorization']) expect(names).not.toContain(name)
  expect([post?.isGuarded, JSON.parse(post?.body ?? '').type]).toEqual([true, 'group.paused'])
})

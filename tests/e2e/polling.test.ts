import { expect, test } from 'vitest'
import { createTasks, expectSound, finish, POLLERS, releasedBy, startPollers, TASKS } from './polling/work.ts'
import { type Instance, startFleet } from './redis/fleet.ts'
import { readAttempts, readTask } from './support/api-client.ts'
import { eventually } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

test('twenty pollers at two servers on one Redis do each of 5,000 tasks once, whichever poller or server dies', async () => {
  const fleet = await startFleet({ size: 2 })
  const [first, second] = fleet.instances as [Instance, Instance]
  const groups = await createTasks(first.api, { count: TASKS, groups: 1 })
  let up = [first, second]
  const pollers = startPollers((n) => (n % 2 === 0 ? up : up.toReversed()).map(({ url }) => url))
  await eventually('some are done', () => releasedBy(pollers) > 500)
  const [one, two] = pollers
  await one?.dieWithTask()
  up = [first]
  await second.kill9()
  await two?.dieWithTask()
  const history = await finish(first.api, groups, pollers)
  // What the two pollers had, and what was on its way from the server that died: at most one to each of its pollers.
  expectSound(history, 2 + POLLERS)
  expect(await fleet.audit()).toEqual([])
})

test('a 202 whose worker dies is tried again after its heartbeat time, and what that worker says then changes nothing', async () => {
  const world = await makeWorld({
    respond: ({ attempt }) => (attempt === 1 ? { status: 202 } : { body: { output: 'second' } }),
  })
  const { api, worker, createTask } = world
  const { id } = await createTask({ timeoutSeconds: 1, errorDelayInSeconds: 0 })
  const [first] = await worker.arrived(id)
  const { callback } = JSON.parse(first?.body.toString() ?? '') as { callback: { url: string } }
  await worker.arrived(id, 2)
  const done = await eventually('it is done', async () => {
    const task = await readTask(api, id)
    return task.state === 'succeeded' && task
  })
  const late = await api.call('POST', `${new URL(callback.url).pathname}/complete`, { output: 'first' })
  expect([late.status, JSON.parse(late.text).code]).toEqual([409, 'attempt_superseded'])
  expect(await readTask(api, id)).toEqual(done)
  expect(done).toMatchObject({ output: 'second', remainingAttempts: 4 })
  const attempts = await readAttempts(api, id)
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['timeout', 'succeeded'])
  expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(1000)
})

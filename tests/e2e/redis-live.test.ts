import { expect, onTestFinished, test } from 'vitest'
import { type EventClient, openEvents } from '../api/listen.ts'
import { type Instance, startFleet } from './redis/fleet.ts'
import { TOKEN } from './support/crew.ts'
import { eventually, pass } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

/** Listens at a server, from where the client knows. */
async function listen(instance: Instance, query: string, lastEventId?: string): Promise<EventClient> {
  const known = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const client = await openEvents(`${instance.url}/api/v1/events${query}`, {
    authorization: `Bearer ${TOKEN}`,
    ...known,
  })
  onTestFinished(() => client.close())
  return client
}

const idOf = (message: string): string => /^id: (.+)$/m.exec(message)?.[1] ?? ''
const taskOf = (message: string): string => /"taskId":"([^"]+)"/.exec(message)?.[1] ?? ''

test('who listens at one server hears what happens at another, and goes on there where it broke off', async () => {
  const fleet = await startFleet({ size: 2 })
  const [a, b] = fleet.instances as [Instance, Instance]
  const { id: groupId } = await makeGroup(a.api)
  const create = (instance: Instance, id: string) =>
    instance.api.post(`/api/v1/task_group/${groupId}/tasks`, { id, worker: 'any', isPaused: true })
  const query = `?taskGroup=${groupId}&types=task.created`
  const [atA, atB] = [await listen(a, query), await listen(b, query)]
  expect(idOf(await atA.next())).toMatch(/^shared-\d+$/)
  await atB.next()

  await create(a, 'one')
  await create(b, 'two')
  const heardAtA = [await atA.next(), await atA.next()]
  expect(heardAtA.map(taskOf)).toEqual(['one', 'two'])
  expect([await atB.next(), await atB.next()]).toEqual(heardAtA)

  atA.close()
  await create(a, 'three')
  await create(b, 'four')
  const back = await listen(b, query, idOf(heardAtA[0] ?? ''))
  expect(await back.next()).not.toContain('resync')
  const resumed = [await back.next(), await back.next(), await back.next()]
  expect(resumed.map(taskOf)).toEqual(['two', 'three', 'four'])

  const later = await fleet.start()
  const atLater = await listen(later, query, idOf(heardAtA[0] ?? ''))
  expect(await atLater.next()).toContain('event: resync')
  // It may begin to hear a little after it began to answer.
  const heard = atLater.next()
  let tasks = 0
  const first = await eventually('the new server hears of tasks', async () => {
    await create(a, `five-${++tasks}`)
    return Promise.race([heard, pass(20).then(() => null)])
  })
  const named = first.includes('event: resync') ? await atLater.next() : first
  expect(taskOf(named)).toMatch(/^five-/)
  expect(taskOf(await back.next())).toBe('five-1')
})

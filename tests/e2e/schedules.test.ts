import { expect, test } from 'vitest'
import { type Instance, startFleet } from './redis/fleet.ts'
import type { Api } from './support/api-client.ts'
import type { Crew } from './support/crew.ts'
import { makeRandom } from './support/random.ts'
import { eventually, pass } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

const KILLS = 5
const SECOND_MS = 1000

/** The times of the groups that a schedule fired, in seconds, as their metadata has them; oldest first. */
async function firedSeconds(api: Api): Promise<number[]> {
  const { taskGroups } = await api.get<{ taskGroups: { id: string; metadata: Record<string, string> }[] }>(
    '/api/v1/task_groups?pageSize=0&search=each-second-',
  )
  return taskGroups.map(({ metadata }) => Date.parse(metadata.scheduledFor ?? '') / SECOND_MS).sort((a, b) => a - b)
}

test('a schedule of each second fires each second once, although its server is killed again and again', async () => {
  const random = makeRandom('schedules')
  const world = await makeWorld()
  const { api } = world
  const template = { tasks: [{ id: 'a', worker: 'any' }] }
  const schedule = { cron: '* * * * * *', overlap: 'allow', catchUp: 'all', template }
  await api.put('/api/v1/schedule/each-second', schedule)
  let crew: Crew = world.crew
  for (let kill = 0; kill < KILLS; kill++) {
    await pass(random.between(500, 2000))
    await crew.kill9()
    crew = await world.restart()
  }
  const until = Date.now() / SECOND_MS
  const seconds = await eventually('it fires on', async () => {
    const fired = await firedSeconds(crew.api)
    return (fired.at(-1) ?? 0) > until + 1 && fired
  })

  const [first = 0] = seconds
  expect(seconds).toEqual(seconds.map((_, place) => first + place))
  expect(seconds.length).toBeGreaterThan(KILLS)
  const posts = await eventually('all that was fired has run', () => {
    const ids = new Set(world.worker.deliveries.map(({ taskId }) => taskId))
    return ids.size >= seconds.length && ids
  })
  for (const id of posts) expect(id).toMatch(/^each-second-\d{8}T\d{6}Z\.a$/)
})

test('three servers on one Redis fire each second once, also when one dies, and none when another is told to pause', async () => {
  const fleet = await startFleet({ size: 3 })
  const [first, second, third] = fleet.instances as [Instance, Instance, Instance]
  const template = { tasks: [{ id: 'a', worker: 'any' }] }
  const schedule = { cron: '* * * * * *', overlap: 'allow', catchUp: 'all', template }
  await first.api.put('/api/v1/schedule/each-second', schedule)
  const enough = (count: number) =>
    eventually(`${count} are fired`, async () => (await firedSeconds(third.api)).length >= count)
  await enough(3)
  await first.kill9()
  await enough(7)
  await second.api.post('/api/v1/schedule/each-second/pause')
  const pausedAt = Date.now()
  await pass(2.5 * SECOND_MS)

  const seconds = await firedSeconds(third.api)
  // One that was being written just then is not taken back.
  expect(seconds.filter((second) => second * SECOND_MS > pausedAt)).toEqual([])
  const [start = 0] = seconds
  expect(seconds).toEqual(seconds.map((_, place) => start + place))
  // What ran on the one that died may be POSTed twice.
  const posted = () => new Set(fleet.worker.deliveries.map(({ taskId }) => taskId)).size
  await eventually('all that was fired has run', () => posted() >= seconds.length)
  expect(posted()).toBe(seconds.length)
  expect(await fleet.audit()).toEqual([])
})

test('a server tells the next times of a schedule in its zone, and stops at once when it is told to', async () => {
  const { api, crew } = await makeWorld()
  await api.put('/api/v1/schedule/nightly', {
    cron: '30 12 * * *',
    timezone: 'America/New_York',
    template: { tasks: [] },
  })
  const { times } = await api.get<{ times: { local: string }[] }>('/api/v1/schedule/nightly/next?count=100')
  expect(times.map(({ local }) => local.slice(11, 19)).filter((time) => time !== '12:30:00')).toEqual([])
  crew.term()
  expect(await crew.ended).toBe(0)
})

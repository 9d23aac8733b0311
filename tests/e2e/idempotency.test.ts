import { Agent } from 'undici/index.js'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { type Instance, startFleet } from './redis/fleet.ts'
import type { Api } from './support/api-client.ts'
import { makeDir, startCrew, TOKEN } from './support/crew.ts'
import { makeRandom } from './support/random.ts'
import { eventually, pass } from './support/waiting.ts'

/** What came of one request: an id, a refusal, or nothing at all. */
type Outcome = { readonly status: number; readonly id: string | null; readonly isReplayed: boolean } | null

/** Creates a group whose name is its key. */
type Create = (url: string, name: string) => Promise<Outcome>

/** Not `fetch`: Bun's sends a POST again by itself when a connection breaks. */
function makeClient(): Create {
  const agent = new Agent({ connections: 256, allowH2: false })
  onTestFinished(() => agent.destroy())
  return async (url, name) => {
    try {
      const answer = await agent.request({
        origin: url,
        path: '/api/v1/task_groups',
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'idempotency-key': name },
        body: JSON.stringify({ name }),
      })
      const { id = null } = (await answer.body.json()) as { id?: string }
      return { status: answer.statusCode, id, isReplayed: answer.headers['idempotency-replayed'] === 'true' }
    } catch {
      return null
    }
  }
}

/** As a client does that wants to know: again, until it is told. */
const createAtLast = async (create: Create, url: string, name: string): Promise<string> =>
  eventually(`${name} is answered`, async () => (await create(url, name))?.id)

/** The groups there are, as name and id. */
async function listGroups(api: Api): Promise<[string, string][]> {
  const { taskGroups } = await api.get<{ taskGroups: { id: string; name: string }[] }>('/api/v1/task_groups?pageSize=0')
  return taskGroups.map(({ id, name }): [string, string] => [name, id]).sort()
}

const KILLS = 6
const REQUESTS = 150
/** Of requests whose group was made by a server that died before it answered: how many a kill meets is chance. */
const MIN_MET = 5
const MAX_KILLS = 30

test('a server that is killed between effect and answer makes each group once', async () => {
  const random = makeRandom('idempotency')
  const create = makeClient()
  const start = { dir: makeDir(), args: ['--port', String(await freePort())] }
  let crew = await startCrew(start)
  const told = new Map<string, string>()
  let met = 0
  for (let kill = 0; kill < KILLS || (met <= MIN_MET && kill < MAX_KILLS); kill++) {
    const names = Array.from({ length: REQUESTS }, (_, n) => `${kill}-${n}`)
    const asked = names.map((name) => create(crew.url, name))
    await Promise.race(asked)
    await pass(random.between(0, 10))
    await crew.kill9()
    const outcomes = await Promise.all(asked)
    crew = await startCrew(start)
    const there = new Map(await listGroups(crew.api))
    for (const [n, name] of names.entries()) {
      const id = outcomes[n]?.id ?? null
      if (id === null && there.has(name)) met++
      told.set(name, await createAtLast(create, crew.url, name))
      if (id !== null) expect(told.get(name)).toBe(id)
    }
  }
  expect(await listGroups(crew.api)).toEqual([...told].sort())
  console.log(JSON.stringify({ requests: told.size, met }))
  expect(met).toBeGreaterThan(MIN_MET)
})

const ROUNDS = 60

test('two servers that get the same requests at once make each group once, also when one of them is killed', async () => {
  const create = makeClient()
  const fleet = await startFleet({ size: 2 })
  const [a, b] = fleet.instances as [Instance, Instance]
  const statuses = new Set<number>()
  const told = new Map<string, string>()
  for (let round = 0; round < ROUNDS; round++) {
    const name = `both-${round}`
    const outcomes = await Promise.all([a, b, a, b].map(({ url }) => create(url, name)))
    for (const outcome of outcomes) statuses.add(outcome?.status ?? 0)
    told.set(name, await createAtLast(create, b.url, name))
    const ids = outcomes.flatMap((outcome) => outcome?.id ?? [])
    expect(new Set([...ids, told.get(name)]).size).toBe(1)
  }
  expect([200, 409]).toEqual(expect.arrayContaining([...statuses]))

  let met = 0
  // Whether a kill comes between an effect and its answer is chance.
  for (let kill = 0; kill < MAX_KILLS && met === 0; kill++) {
    const victim = kill === 0 ? a : await fleet.start()
    const names = Array.from({ length: REQUESTS }, (_, n) => `killed-${kill}-${n}`)
    const asked = names.map((name) => create(victim.url, name))
    await Promise.race(asked)
    await victim.kill9()
    const outcomes = await Promise.all(asked)
    const there = new Map(await listGroups(b.api))
    met += names.filter((name, n) => outcomes[n] === null && there.has(name)).length
    await Promise.all(names.map(async (name) => told.set(name, await createAtLast(create, b.url, name))))
    for (const [n, name] of names.entries()) if (outcomes[n]?.id) expect(told.get(name)).toBe(outcomes[n]?.id)
  }
  expect(await listGroups(b.api)).toEqual([...told].sort())
  console.log(JSON.stringify({ requests: told.size, met }))
  expect(met).toBeGreaterThan(0)
  expect(await fleet.audit()).toEqual([])
})

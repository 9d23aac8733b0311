import { expect, test } from 'vitest'
import { isLinearizable, type RegisterCall } from '../../server/selftest/register-check.ts'
import { type Instance, startFleet } from '../e2e/redis/fleet.ts'
import type { Api } from '../e2e/support/api-client.ts'
import { makeDir, startCrew } from '../e2e/support/crew.ts'
import { makeRandom, type Random } from '../e2e/support/random.ts'
import { makeGroup } from '../e2e/support/world.ts'

const GROUPS = 6
const CLIENTS = 3
const CALLS = 20
const MIN_CALLS = GROUPS * CLIENTS * CALLS

/** What was read stands in it. */
interface Answer {
  readonly status: number
  readonly value?: string
}

/** A field of a group as a register: how it is written, and how it looks in what is read. */
interface Register {
  readonly initial: string
  write(api: Api, groupId: string, value: string): Promise<Answer>
  /** The next thing to write. */
  valueOf(random: Random, at: string): string
  read(group: { name: string; isPaused: boolean }): string
}

const NAME: Register = {
  initial: 'end to end',
  write: (api, groupId, name) => api.call('PUT', `/api/v1/task_group/${groupId}`, { name }),
  valueOf: (_, at) => `written ${at}`,
  read: ({ name }) => name,
}

const PAUSED: Register = {
  initial: 'false',
  write: (api, groupId, value) =>
    api.call('POST', `/api/v1/task_group/${groupId}/${value === 'true' ? 'pause' : 'resume'}`, {}),
  valueOf: (random) => String(random.next() < 0.5),
  read: ({ isPaused }) => String(isPaused),
}

test('the name and the pause of a group are linearizable registers over three servers on Redis, one of which dies', async () => {
  const random = makeRandom('registers on Redis')
  const { instances } = await startFleet({ size: 3 })
  const [victim, ...others] = instances as [Instance, Instance, Instance]
  const fault = { after: MIN_CALLS, do: () => victim.kill9() }
  const apis = [victim.api, ...others.map(({ api }) => api)]
  expectLinearizable(await callAll({ apis, survivors: apis.slice(1), random, fault }))
})

test('the same on SQLite', async () => {
  const { api } = await startCrew({ dir: makeDir() })
  const apis = [api, api, api]
  expectLinearizable(await callAll({ apis, survivors: apis, random: makeRandom('registers on SQLite'), fault: null }))
})

type Call = RegisterCall<string>
interface Histories {
  readonly name: Call[][]
  readonly paused: Call[][]
}

interface Calling {
  /** Of each client. */
  readonly apis: readonly Api[]
  /** Where to go on when one is gone. */
  readonly survivors: readonly Api[]
  readonly random: Random
  /** What is done when so many calls were made. */
  readonly fault: { readonly after: number; do(): Promise<void> } | null
}

function expectLinearizable({ name, paused }: Histories): void {
  const unknown = [...name, ...paused].flat().filter(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY).length
  const [known] = [[...name, ...paused].flat().length - unknown]
  console.log(JSON.stringify({ known, unknown }))
  for (const calls of name) expect([isLinearizable(NAME.initial, calls), calls]).toEqual([true, calls])
  for (const calls of paused) expect([isLinearizable(PAUSED.initial, calls), calls]).toEqual([true, calls])
  expect(known).toBeGreaterThan(MIN_CALLS)
}

/** Three clients on each of six groups, all at once; each call is a read or a write. */
async function callAll({ apis, survivors, random, fault }: Calling): Promise<Histories> {
  const [first] = survivors as [Api, ...Api[]]
  const groups = await Promise.all(Array.from({ length: GROUPS }, async () => (await makeGroup(first)).id))
  let made = 0
  const beforeCall = (): void => {
    if (++made === fault?.after) void fault.do()
  }
  const historiesOf = (register: Register) =>
    Promise.all(
      groups.map(async (groupId) => {
        const ofClients = apis.map((api, client) =>
          callOften({ api, survivors, groupId, register, random, client, beforeCall }),
        )
        return (await Promise.all(ofClients)).flat()
      }),
    )
  const [name, paused] = await Promise.all([historiesOf(NAME), historiesOf(PAUSED)])
  return { name, paused }
}

interface Client extends Pick<Calling, 'survivors' | 'random'> {
  readonly api: Api
  readonly groupId: string
  readonly register: Register
  readonly client: number
  beforeCall(): void
}

async function callOften({
  api: own,
  survivors,
  groupId,
  register,
  random,
  client,
  beforeCall,
}: Client): Promise<Call[]> {
  const calls: Call[] = []
  let api = own
  for (let at = 0; at < CALLS; at++) {
    beforeCall()
    const kind = random.next() < 0.5 ? 'write' : 'read'
    const value = register.valueOf(random, `${client}.${at}`)
    const startedAt = performance.now()
    const answer = await (kind === 'write' ? register.write(api, groupId, value) : read(api, groupId, register)).catch(
      () => null,
    )
    const isKnown = answer?.status === 200
    if (!isKnown) api = random.pick(survivors as [Api, ...Api[]])
    calls.push({
      kind,
      value: answer?.value ?? value,
      startedAt,
      endedAt: isKnown ? performance.now() : Number.POSITIVE_INFINITY,
    })
  }
  return calls
}

async function read(api: Api, groupId: string, register: Register): Promise<Answer> {
  const { status, text } = await api.call('GET', `/api/v1/task_group/${groupId}`)
  return { status, value: status === 200 ? register.read(JSON.parse(text) as { name: string; isPaused: boolean }) : '' }
}

import { expect, test } from 'vitest'
import { keyFigures } from '../../demo-workers/client/storm/storm-figures.ts'
import { parseReport } from '../../demo-workers/client/storm/storm-moment.ts'
import type { StormOutcome, StormPromise } from '../../demo-workers/client/storm/storm-outcome.ts'
import type { StormPlan } from '../../demo-workers/simulation/storm/storm-plan.ts'
import { type Crew, makeDir, runCrew, startCrew, TOKEN } from './support/crew.ts'
import { eventually, once } from './support/waiting.ts'

const startDemo = (): Promise<Crew> => startCrew({ dir: makeDir(), args: ['--demo'] })

type StormJson = StormOutcome & { readonly promises: readonly StormPromise[] }

/**
 * A smaller storm than that of `crew demo storm`: 200 calls with each of three keys, 50 a second, two of them out. A worker that
 * fails gets little at once, on a busy machine about one call a second: a breaker needs ten of them before it opens.
 */
async function runStorm(crew: Crew, { outageSeconds, more = [] }: { outageSeconds: number; more?: readonly string[] }) {
  const size = ['--tasks', '600', '--outage', `${outageSeconds}`, '--json', ...more]
  const { code, stdout, stderr } = await runCrew({
    dir: makeDir(),
    args: ['demo', 'storm', '--url', crew.url, '--token', TOKEN, ...size],
  })
  expect(stderr).toBe('')
  const storm = JSON.parse(stdout) as StormJson
  const figuresOf = (name: string) => {
    const figures = storm.keys.find(({ key }) => key.name === name)
    if (!figures) throw new Error(`the storm has no key ${name}: ${stdout}`)
    return figures
  }
  return { code, storm, figuresOf, broken: storm.promises.filter(({ isKept }) => !isKept).map(({ text }) => text) }
}

test('in a storm the provider is spared, nobody slows others down, and no attempt is used up by a rate limit', async () => {
  const crew = await startDemo()
  const { code, storm, figuresOf, broken } = await once(
    () => runStorm(crew, { outageSeconds: 16 }),
    ({ broken }) => broken.length === 0,
  )
  const [steady, paced, blind] = ['steady', 'paced', 'blind'].map(figuresOf)
  expect(broken, JSON.stringify(storm.keys)).toEqual([])
  expect([code, storm.succeeded]).toEqual([0, 600])
  for (const told of [steady, paced]) expect(told?.overQuota).toBeLessThan((told?.calls ?? 0) / 100)
  for (const struck of [paced, blind]) expect(struck?.firstSecond).toBeLessThanOrEqual(5)
  for (const { attempts } of storm.keys) expect(attempts).toMatchObject({ byRateLimit: 0, byOther: 0 })
  // Ten in a row open the breaker; those under way by then, at most twenty, fail as well.
  for (const struck of [paced, blind]) expect(struck?.attempts.byOutage).toBeLessThanOrEqual(30)
})

test('without ramps, breakers and pace the same storm runs over the quota and over the provider as it comes back', async () => {
  const crew = await startDemo()
  const { code, storm, figuresOf } = await runStorm(crew, { outageSeconds: 8, more: ['--control'] })
  const [steady, paced, blind] = ['steady', 'paced', 'blind'].map(figuresOf)
  expect([code, storm.succeeded]).toEqual([0, 600])
  expect(steady?.overQuota).toBeGreaterThan((steady?.calls ?? 0) / 20)
  for (const struck of [paced, blind]) expect(struck?.attempts.byOutage).toBeGreaterThan(40)
  expect(Math.max(paced?.firstSecond ?? 0, blind?.firstSecond ?? 0)).toBeGreaterThan(15)
  expect(await crew.api.get('/api/v1/workers')).not.toMatchObject({ workers: [{ name: expect.stringContaining('*') }] })
})

test('a key with a tenth of the quota holds itself and not the other one, although one worker calls with both', async () => {
  const crew = await startDemo()
  const { small, large } = await once(
    (time) => runBeside(crew, `small-and-large-${time}`),
    ({ large }) => large.overQuota <= 2 && (large.pace?.mean ?? 0) >= 25,
  )
  expect(small.overQuota).toBeGreaterThan(0)
  expect(large.overQuota).toBeLessThanOrEqual(2)
  // Had it waited for the other one, which takes eight seconds and more, it would be at 18 at most.
  expect(large.pace?.mean).toBeGreaterThanOrEqual(25)
})

/** 40 calls with a key of 5 a second, 240 with one of 50. */
async function runBeside({ api }: Crew, run: string) {
  const keys = [
    { name: 'small', quotaPerSecond: 5, headers: 'none', hasOutage: false },
    { name: 'large', quotaPerSecond: 50, headers: 'common', hasOutage: false },
  ] as const
  const plan: StormPlan = { seed: 7, latencyMs: 50, outage: { afterMs: 0, lastsMs: 0 }, keys }
  await api.put(`/demo/storm/${run}`, plan)
  const task = (key: string, index: number) => {
    return { id: `${run}-${key}-${index}`, worker: `storm/${run}`, workgroup: key, input: { key } }
  }
  const tasks = [40, 240].flatMap((count, k) =>
    Array.from({ length: count }, (_, index) => task(keys[k]?.name ?? '', index)),
  )
  await api.post('/api/v1/task_groups/graph', { id: run, tasks })
  await eventually('every task has succeeded', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${run}`)
    return state === 'succeeded'
  })
  const tallies = parseReport(await api.get(`/demo/storm/${run}`))
  const figuresOf = (key: (typeof keys)[number]) => {
    const tally = tallies.keys.get(key.name)
    if (!tally) throw new Error(`nothing was counted for ${key.name}`)
    return keyFigures(key, plan.outage, { tally, attempts: { byRateLimit: 0, byOutage: 0, byOther: 0 } })
  }
  return { small: figuresOf(keys[0]), large: figuresOf(keys[1]) }
}

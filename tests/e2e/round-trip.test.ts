import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventually } from './support/waiting.ts'
import { makeWorld } from './support/world.ts'

const MANY = 10_000
const PAGE = 1000

/** JSON as people and programs write it: spaces, spellings of numbers, escapes, members that come twice, half a surrogate pair. */
const spellings = fc.constantFrom(
  '12345678901234567890.10',
  '-0.0',
  '1E400',
  '"\\ud800"',
  '"\\u0000\\/é😀\u2028"',
  '{"b":1,"a":2,"b":3}',
  '{"__proto__":{"x":1},"constructor":[]}',
  '[ ]',
  '{\t}',
  '{"output":1.0,"error":null,"children":[]}',
)
const space = fc.constantFrom('', '', ' ', '\n\t')
const text = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: fc.json({ maxDepth: 4 }) }, { weight: 1, arbitrary: spellings }),
    space,
    fc.nat(3),
  )
  .map(([json, gap, levels]) => `${`[${gap}`.repeat(levels)}${json}${`${gap}]`.repeat(levels)}`)

test('ten thousand inputs come to the worker, and its outputs back to everybody who reads them, byte for byte', async () => {
  const seed = Number(process.env.CREW_TEST_SEED ?? Date.now() % 2 ** 31)
  console.log(`round trip: CREW_TEST_SEED=${seed}`)
  const inputs = fc.sample(text, { numRuns: MANY, seed })
  const outputOf = (index: number): string => inputs[MANY - 1 - index] ?? ''
  const wrong: string[] = []
  const { api, groupId } = await makeWorld({
    env: { CREW_LOG_LEVEL: 'error' },
    respond: ({ taskId, body }) => {
      const index = Number(taskId.slice(1))
      if (!body.toString('utf8').startsWith(`{"input":${inputs[index]},"worker":"w"`)) wrong.push(body.toString('utf8'))
      return { body: `{"output": ${outputOf(index)} }` }
    },
  })
  for (let from = 0; from < MANY; from += PAGE) {
    const tasks = inputs
      .slice(from, from + PAGE)
      .map((input, at) => `{"id":"t${from + at}","worker":"w","input": ${input}}`)
    await api.post(`/api/v1/task_group/${groupId}/tasks/batch`, `{"tasks":[${tasks.join()}]}`)
  }
  await eventually('all are complete', async () => {
    const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${groupId}`)
    return state === 'succeeded' || wrong.length > 0
  })
  expect(wrong.slice(0, 3)).toEqual([])
  for (let page = 1; page <= MANY / PAGE; page++) {
    const listed = await api.call('GET', `/api/v1/task_group/${groupId}/tasks?page=${page}&pageSize=${PAGE}`)
    const ids = (JSON.parse(listed.text) as { tasks: { id: string }[] }).tasks.map(({ id }) => Number(id.slice(1)))
    expect(ids).toHaveLength(PAGE)
    const missing = ids.filter((at) => !listed.text.includes(`"input":${inputs[at]},"output":${outputOf(at)},"errors"`))
    expect(missing.map((at) => [inputs[at], outputOf(at)])).toEqual([])
  }
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Api, makeApi } from './make-api.ts'

async function makeGroup(): Promise<Api> {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  return api
}

const payloads = [
  '12345678901234567890.123456789012345678901234567890',
  '{"b":1,"a":2,"b":3}',
  '[ ]',
  '{ }',
  '{\n  "a" : [ 1 , 2 ] ,\t"b":\r\n null }',
  '1e400',
  '-0.0',
  '1.0',
  '"\\ud800"',
  '"\\u0000\\/\\u00e9é😀\u2028"',
  '{"__proto__":{"x":1},"constructor":{"prototype":1}}',
  '{"input":{"output":[{"input":1.00}]}}',
  'null',
  'false',
  '""',
]

describe('input and output', () => {
  test.each(payloads)('survive byte for byte, in a task, a list, a batch, a graph and a change: %s', async (text) => {
    const api = await makeGroup()
    const fields = (id: string) => `{"id":"${id}","worker":"w","input": ${text} ,"output":${text}}`
    const kept = `"input":${text},"output":${text},"errors"`

    const single = await api.call('POST', '/api/v1/task_group/g/tasks', { raw: fields('t') })
    const batch = await api.call('POST', '/api/v1/task_group/g/tasks/batch', { raw: `{"tasks":[${fields('b')}]}` })
    await api.call('POST', '/api/v1/task_groups/graph', { raw: `{"id":"h","tasks":[${fields('c')}]}` })
    const edited = await api.call('PUT', '/api/v1/task/c', { raw: `{"output":${text},"input":${text}}` })
    const answers = [
      single,
      batch,
      edited,
      await api.call('GET', '/api/v1/task/t'),
      await api.call('GET', '/api/v1/task_group/g/tasks'),
      await api.call('GET', '/api/v1/task/c'),
    ]
    for (const answer of answers) expect(answer.body).toContain(kept)
    const sent = Buffer.from(kept)
    expect(answers.map(({ rawPayload }) => rawPayload.includes(sent))).toEqual(answers.map(() => true))
  })

  test('survive whatever they are', async () => {
    const api = await makeGroup()
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 2), async (json, indent) => {
        const text = indent === 0 ? json : JSON.stringify(JSON.parse(json), null, indent)
        const raw = `{"worker":"w","input":${text}}`
        const answer = await api.call('POST', '/api/v1/task_group/g/tasks', { raw })
        expect(answer.statusCode).toBe(200)
        expect(answer.body).toContain(`"input":${text},"output":null`)
        expect((await api.call('GET', `/api/v1/task/${answer.json().id}`)).body).toContain(
          `"input":${text},"output":null`,
        )
      }),
      { numRuns: 200 },
    )
  })

  test('may be a hundred levels deep with the body around, and no deeper', async () => {
    const api = await makeGroup()
    const nested = (levels: number) => `{"worker":"w","input":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect((await api.call('POST', '/api/v1/task_group/g/tasks', { raw: nested(99) })).statusCode).toBe(200)
    expect((await api.call('POST', '/api/v1/task_group/g/tasks', { raw: nested(100) })).statusCode).toBe(400)
  })
})

import { describe, expect, test } from 'vitest'
import { makeWorkers } from './make-workers.ts'

describe.each([
  ['worker-a', 5000],
  ['worker-b', 7000],
  ['slow', 60_000],
])('%s', (name, usualMs) => {
  test('works for its usual time', async () => {
    const { post, slept } = makeWorkers()
    const answer = await post(name)
    expect(slept).toEqual([usualMs])
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ output: { message: `${name} is done`, workedMs: usualMs } })
  })

  test('works for as long as the input says, within reason', async () => {
    const { post, slept } = makeWorkers()
    for (const delayMs of [20, -5, 1e12]) await post(name, { input: { delayMs } })
    expect(slept).toEqual([20, 0, 3_600_000])
  })

  test('fails with the message that the input wants thrown', async () => {
    const answer = await makeWorkers().post(name, { input: { throw: 'out of coffee' } })
    expect(answer).toEqual({ status: 500, retryAfter: null, body: { error: 'out of coffee' } })
  })

  test('takes an input of any kind', async () => {
    for (const input of [null, 'text', 7, [], [{ delayMs: 1 }], { delayMs: 'soon', throw: 3 }]) {
      expect((await makeWorkers().post(name, { input })).status).toBe(200)
    }
  })
})

describe('worker-c', () => {
  interface Child {
    readonly id: string
    readonly name: string
    readonly worker: string
    readonly parentIds: readonly string[]
    readonly input: unknown
  }

  async function diamondOf(taskId: string, deliveryId?: string): Promise<readonly Child[]> {
    const answer = await makeWorkers().post('worker-c', { taskId, input: { delayMs: 40 } }, deliveryId)
    return answer.body.children as readonly Child[]
  }

  test('answers a diamond: A, then B and C side by side, then D', async () => {
    const children = await diamondOf('t9')
    const [a, b, c, d] = children.map((child) => child.id)
    expect(children.map(({ name, worker, parentIds, input }) => ({ name, worker, parentIds, input }))).toEqual([
      { name: 'A', worker: 'worker-a', parentIds: [], input: { delayMs: 40 } },
      { name: 'B', worker: 'worker-b', parentIds: [a], input: { delayMs: 40 } },
      { name: 'C', worker: 'worker-a', parentIds: [a], input: { delayMs: 40 } },
      { name: 'D', worker: 'worker-b', parentIds: [b, c], input: { delayMs: 40 } },
    ])
    expect([a, b, c, d].every((id) => id?.startsWith('t9-'))).toBe(true)
  })

  test('makes the same ids in every retry of a run, and others after a reset', async () => {
    const idsOf = async (deliveryId: string) => (await diamondOf('t9', deliveryId)).map((child) => child.id)
    expect(await idsOf('run-1')).toEqual(await idsOf('run-1'))
    expect(new Set([...(await idsOf('run-1')), ...(await idsOf('run-2'))]).size).toBe(8)
  })

  test('makes valid ids for the longest task id, and others for another task', async () => {
    const ids = [...(await diamondOf(`${'x'.repeat(127)}1`)), ...(await diamondOf(`${'x'.repeat(127)}2`))]
    expect(new Set(ids.map((child) => child.id)).size).toBe(8)
    for (const { id } of ids) expect(id).toMatch(/^[A-Za-z0-9._:-]{1,128}$/)
  })

  test('fails on demand and creates nothing then', async () => {
    const answer = await makeWorkers().post('worker-c', { input: { throw: 'no' } })
    expect(answer).toEqual({ status: 500, retryAfter: null, body: { error: 'no' } })
  })
})

describe('flaky', () => {
  test.each([
    [0, 500, null],
    [0.29, 500, null],
    [0.3, 429, '2'],
    [0.39, 429, '2'],
    [0.4, 200, null],
    [0.99, 200, null],
  ])('with chance at %s answers %s', async (dice, status, retryAfter) => {
    const answer = await makeWorkers({ random: () => dice }).post('flaky')
    expect([answer.status, answer.retryAfter]).toEqual([status, retryAfter])
    expect('error' in answer.body).toBe(status !== 200)
  })
})

describe('rate-limited', () => {
  test('refuses what is over the quota of a workgroup until its window is over', async () => {
    const { post, clock } = makeWorkers()
    const statusOf = async (workgroup: string) => (await post('rate-limited', { workgroup })).status
    for (let call = 0; call < 5; call++) expect(await statusOf('shop-1')).toBe(200)
    clock.now += 2500
    const refused = await post('rate-limited', { workgroup: 'shop-1' })
    expect([refused.status, refused.retryAfter]).toEqual([429, '8'])
    expect(refused.body.error).toContain('shop-1')
    expect(await statusOf('shop-2')).toBe(200)
    clock.now += 8000
    expect(await statusOf('shop-1')).toBe(200)
  })
})

describe('big-output', () => {
  test.each([
    [null, 1_048_576],
    [{ bytes: 12 }, 12],
    [{ bytes: 0 }, 0],
    [{ bytes: 1e12 }, 16_777_216],
  ])('for input %j answers %s bytes of text', async (input, bytes) => {
    const output = (await makeWorkers().post('big-output', { input })).body.output as { bytes: number; text: string }
    expect([output.bytes, output.text.length]).toEqual([bytes, bytes])
  })
})

describe('echo', () => {
  test.each([[null], [0], ['text'], [[]], [{ deep: { list: [1, null] } }]])(
    'answers %j as its output',
    async (input) => {
      expect(await makeWorkers().post('echo', { input })).toEqual({
        status: 200,
        retryAfter: null,
        body: { output: input },
      })
    },
  )
})

import { expect, test } from 'vitest'
import { type Api, type Call, expectProblem, makeApi } from './make-api.ts'

/** What is asked for, with what, which problem it gets, and what the problem points to. */
export type Refusal = readonly [name: string, request: string, call: Call, problem: string, pointer?: string]

export const tasks = '/api/v1/task_group/g/tasks'
export const batch = `${tasks}/batch`
export const graph = '/api/v1/task_groups/graph'

/** A world in which something can go wrong: two groups, a parent with a child, and a stranger. */
export async function makeWorld(): Promise<Api> {
  const api = await makeApi({ maxBodyBytes: 2 * 1024 * 1024 })
  const family = [
    { id: 'parent', worker: 'w' },
    { id: 'child', worker: 'w', parentIds: ['parent'] },
  ]
  await api.json('POST', graph, { id: 'g', name: 'G', tasks: family })
  await api.json('POST', graph, { id: 'other', tasks: [{ id: 'stranger', worker: 'w' }] })
  return api
}

/** A test each: the problem comes as said, nothing changes, and nothing is logged as our fault. */
export function testRefusals(refusals: readonly Refusal[]): void {
  const named = refusals.map(([name, ...rest]) => ({ name, rest }))
  test.each(named)('$name', async ({ rest: [request, call, problem, pointer] }) => {
    const api = await makeWorld()
    const before = await api.fingerprint()
    const [method = '', url = ''] = request.split(' ')
    const [status, code = ''] = problem.split(' ')
    const { errors } = expectProblem(await api.call(method, url, call), Number(status), code)
    if (pointer !== undefined) expect(errors[0].pointer).toBe(pointer)
    expect(await api.fingerprint()).toBe(before)
    expect(api.log).toEqual([])
  })
}

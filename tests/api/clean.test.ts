import { expect, test } from 'vitest'
import { makeApi } from './make-api.ts'

const DAY_MS = 86_400_000

async function makeWorld() {
  const api = await makeApi()
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'done', tasks: [{ id: 't', worker: 'w' }] })
  await api.json('PUT', '/api/v1/task/t', { isComplete: true, output: 1 })
  await api.json('POST', '/api/v1/task_groups/graph', { id: 'open', tasks: [{ worker: 'w' }] })
  api.clock.advance(8 * DAY_MS)
  const isThere = async (id: string) => (await api.call('GET', `/api/v1/task_group/${id}`)).statusCode === 200
  return { ...api, isThere }
}

const found = { groups: 1, failedGroups: 0, tasks: 1, bytes: null, hasMore: false }

test('a cleaning is tried first, then done, and noted with what it did', async () => {
  const api = await makeWorld()
  expect(await api.json('POST', '/api/v1/clean', { dryRun: true })).toEqual({ dryRun: true, ...found })
  expect(await api.isThere('done')).toBe(true)
  expect(await api.json('POST', '/api/v1/clean', { dryRun: false })).toEqual({ dryRun: false, ...found })
  expect([await api.isThere('done'), await api.isThere('open')]).toEqual([false, true])
  expect(await api.json('POST', '/api/v1/clean', { dryRun: false })).toMatchObject({ groups: 0, hasMore: false })
  const { activity } = await api.json('GET', '/api/v1/activity?action=clean')
  expect(activity.map(({ summary }: { summary: string }) => summary)).toEqual([
    'Delete task groups that have ended: 0 groups, 0 tasks',
    'Delete task groups that have ended: 1 groups, 1 tasks',
  ])
})

test.each([undefined, {}, { dryRun: 'yes' }, { dryRun: null }, []])(
  '%j does not say whether it is a trial',
  async (body) => {
    const api = await makeWorld()
    const { statusCode } = await api.call('POST', '/api/v1/clean', body === undefined ? {} : { body })
    expect([400, 422]).toContain(statusCode)
    expect(await api.isThere('done')).toBe(true)
  },
)

import { expect, test } from 'vitest'
import type { SharedFeed, TaskStorage } from '../../storage/task-storage.ts'
import { wrapStorage } from '../support/storage-wrappers.ts'
import { openEvents } from './listen.ts'
import { expectProblem, makeApi, TOKEN } from './make-api.ts'

const feed: SharedFeed = { subscribe: () => () => {} }

/** A storage whose lists of groups and whose commits are answered when the test says so. */
async function makeSlowApi(more: Partial<TaskStorage> = { feed }) {
  const waiting: (() => void)[] = []
  const slowly = async (): Promise<void> => new Promise((resolve) => waiting.push(resolve))
  let isSlow = false
  const api = await makeApi({
    wrap: (storage) =>
      wrapStorage(storage, {
        ...more,
        async listGroups(query) {
          if (isSlow) await slowly()
          return storage.listGroups(query)
        },
        async commit(changeSets) {
          if (isSlow) await slowly()
          return storage.commit(changeSets)
        },
      }),
  })
  await api.json('POST', '/api/v1/task_groups', { id: 'g' })
  isSlow = true
  /** Resolves when something waits. */
  const asked = async (): Promise<void> => {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const answerAll = (): void => {
    for (const answer of waiting.splice(0)) answer()
  }
  return { api, asked, answerAll }
}

test('a request that a slow storage keeps waiting is refused in time, and its late end changes nothing', async () => {
  const { api, asked, answerAll } = await makeSlowApi()
  const call = api.call('GET', '/api/v1/task_groups')
  await asked()
  api.tick()
  const answer = await call
  expectProblem(answer, 503, 'storage_unavailable')
  expect(answer.headers['retry-after']).toBe('1')
  answerAll()
  expect((await api.call('GET', '/api/v1/task_group/g')).statusCode).toBe(200)
  expect(api.log).toEqual([])
})

test('what does much in one request takes the time it takes', async () => {
  const { api, asked, answerAll } = await makeSlowApi()
  const call = api.call('POST', '/api/v1/task_group/g/tasks/batch', { body: { tasks: [{ worker: 'w' }] } })
  await asked()
  api.tick()
  answerAll()
  expect((await call).statusCode).toBe(200)
})

test('a storage in this process is waited for', async () => {
  const { api, asked, answerAll } = await makeSlowApi({})
  const call = api.call('GET', '/api/v1/task_groups')
  await asked()
  api.tick()
  answerAll()
  expect((await call).statusCode).toBe(200)
})

test('a stream of events goes on', async () => {
  const { api } = await makeSlowApi()
  const base = await api.listen()
  const client = await openEvents(`${base}/api/v1/events`, { authorization: `Bearer ${TOKEN}` })
  await client.next()
  api.tick()
  expect(await client.next()).toBe(': heartbeat\nid: shared-0')
  client.close()
})

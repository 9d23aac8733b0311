import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { Api } from '../e2e/support/api-client.ts'
import { type Crew, makeDir, residentBytes, startCrew, TOKEN } from '../e2e/support/crew.ts'

const MEBIBYTE = 1024 * 1024
const AT_ONCE = 64
/** What 64 bodies of 9 MiB took before they had to wait for each other was 2.4 GB; since then it is 0.5. */
const MAX_RESIDENT = 1000 * MEBIBYTE

const part = Buffer.alloc(64 * 1024, 'x')
const parts = (bytes: number): Buffer[] => Array.from({ length: bytes / part.length }, () => part)
const chunk = Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])

/** Sends it as fast as it is taken. Answers the status, or 0 where the connection broke before: whoever sends more than is read may miss it. */
function send({ url }: Crew, header: string, body: readonly Buffer[]): Promise<number> {
  const head = `Host: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n${header}\r\n\r\n`
  return new Promise((answered) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let at = 0
    const write = (): void => {
      while (at < body.length && !socket.destroyed) if (!socket.write(body[at++] ?? '')) return
    }
    const end = (status: number): void => {
      answered(status)
      socket.destroy()
    }
    socket
      .on('drain', write)
      .on('error', () => end(0))
      .on('close', () => end(0))
    socket.on('data', (text) => end(Number(text.toString('latin1').split(' ')[1])))
    socket.write(`POST /api/v1/task_groups HTTP/1.1\r\n${head}`)
    write()
  })
}

/** Goes on with small work until it is stopped; each of its requests has to be answered. */
function healthyClient(api: Api): { stop(): Promise<number> } {
  let isOn = true
  const going = (async () => {
    let done = 0
    for (; isOn; done++) {
      const { id } = await api.post<{ id: string }>('/api/v1/task_groups', { name: 'healthy' })
      expect(await api.get(`/api/v1/task_group/${id}`)).toMatchObject({ name: 'healthy' })
    }
    return done
  })()
  return {
    stop: () => {
      isOn = false
      return going
    },
  }
}

const times = (send: () => Promise<number>): Promise<number[]> => Promise.all(Array.from({ length: AT_ONCE }, send))

const tallyOf = (statuses: readonly number[]): Record<number, number> => {
  const counted = Map.groupBy(statuses, (status) => status)
  return Object.fromEntries([...counted].map(([status, all]) => [status, all.length]))
}

test('sixty-four large bodies at once are refused, in bounded memory, while a healthy client is served', async () => {
  const crew = await startCrew({ dir: makeDir(), env: { CREW_LOG_LEVEL: 'error' } })
  let worst = 0
  const watch = setInterval(() => {
    worst = Math.max(worst, residentBytes(crew.pid) ?? 0)
  }, 20)
  const healthy = healthyClient(crew.api)
  const tooLarge = await times(() => send(crew, `Content-Length: ${16 * MEBIBYTE}`, parts(16 * MEBIBYTE)))
  const endless = await times(() => send(crew, 'Transfer-Encoding: chunked', Array(256).fill(chunk)))
  const garbage = await times(() => send(crew, `Content-Length: ${9 * MEBIBYTE}`, parts(9 * MEBIBYTE)))
  const done = await healthy.stop()
  clearInterval(watch)
  console.log(
    `hostile bodies: ${JSON.stringify([tooLarge, endless, garbage].map(tallyOf))}, at most ${Math.round(worst / MEBIBYTE)} MiB, ${done} healthy rounds`,
  )
  expect([...tooLarge, ...endless].filter((status) => status !== 413 && status !== 0)).toEqual([])
  expect(tooLarge.filter((status) => status === 413).length).toBeGreaterThan(0)
  expect(endless.filter((status) => status === 413).length).toBeGreaterThan(0)
  // Those that waited for ten seconds are told to come again.
  expect(garbage.filter((status) => status !== 400 && status !== 429)).toEqual([])
  expect(garbage.filter((status) => status === 400).length).toBeGreaterThan(AT_ONCE / 8)
  expect(worst).toBeLessThan(MAX_RESIDENT)
  expect(done).toBeGreaterThan(2)
  await expectSound(crew)
})

const many = (count: number, item: string): string => Array(count).fill(item).join()

/** Bodies of up to 10 MiB that are cheap to send and dear to take, and what they are answered with. */
const dear: readonly (readonly [name: string, path: string, body: () => string, status: number, code: string])[] = [
  ['a megabyte of brackets', '/task_groups', () => '['.repeat(MEBIBYTE), 400, 'json_too_deep'],
  ['five million levels', '/task_groups', () => `{"a":`.repeat(2 * MEBIBYTE), 400, 'json_too_deep'],
  ['five million numbers', '/task_groups/graph', () => `{"tasks":[${many(5_000_000, '1')}]}`, 413, 'body_too_large'],
  ['three million objects', '/task_groups/graph', () => `{"tasks":[${many(3_000_000, '{}')}]}`, 413, 'body_too_large'],
  [
    'an array of a million',
    '/task_group/g/tasks',
    () => `{"worker":"w","parentIds":[${many(1_000_000, '"a"')}]}`,
    413,
    'body_too_large',
  ],
  [
    'a hundred thousand names',
    '/task_groups',
    () => `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":0`).join()}}`,
    413,
    'body_too_large',
  ],
  [
    'a name of 200 KB',
    '/workgroup/w/pause',
    () => `{"${'n'.repeat(200_000)}":1,"seconds":"x"}`,
    422,
    'invalid_request',
  ],
  [
    'ten thousand bad tasks',
    '/task_groups/graph',
    () => `{"tasks":[${many(10_000, '{"worker":5}')}]}`,
    422,
    'invalid_request',
  ],
  ['ten megabytes of new lines', '/task_groups', () => `${'\n'.repeat(10 * MEBIBYTE - 10)}x`, 400, 'invalid_json'],
]

test('bodies that are dear to take are refused for what they are, and nothing comes of them', async () => {
  const crew = await startCrew({ dir: makeDir(), env: { CREW_LOG_LEVEL: 'error' } })
  await crew.api.post('/api/v1/task_groups', { id: 'g' })
  for (const [name, path, body, status, code] of dear) {
    const answer = await crew.api.call('POST', `/api/v1${path}`, body())
    expect([name, answer.status, JSON.parse(answer.text).code]).toEqual([name, status, code])
  }
  expect(await crew.api.get('/api/v1/task_groups')).toMatchObject({
    count: 1,
    taskGroups: [{ id: 'g', state: 'empty' }],
  })
  await expectSound(crew)
})

test('a bulk of ten thousand tasks is created while a healthy client is served', async () => {
  const crew = await startCrew({ dir: makeDir(), env: { CREW_LOG_LEVEL: 'error' } })
  await crew.api.post('/api/v1/task_groups', { id: 'g', isPaused: true })
  const healthy = healthyClient(crew.api)
  for (let batch = 0; batch < 3; batch++) {
    const tasks = Array.from({ length: 10_000 }, (_, at) => ({ id: `b${batch}-${at}`, worker: 'w', input: { at } }))
    const { count } = await crew.api.post<{ count: number }>('/api/v1/task_group/g/tasks/batch', { tasks })
    expect(count).toBe(10_000)
  }
  expect(await healthy.stop()).toBeGreaterThan(0)
  await expectSound(crew)
})

/** It answers, and it was never started again. */
async function expectSound(crew: Crew): Promise<void> {
  expect((await crew.api.call('GET', '/livez')).status).toBe(200)
  const { id } = await crew.api.post<{ id: string }>('/api/v1/task_groups/graph', { tasks: [{ worker: 'w' }] })
  expect(await crew.api.get(`/api/v1/task_group/${id}`)).toMatchObject({ id })
}

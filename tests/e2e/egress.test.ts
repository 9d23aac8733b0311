import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readTask } from './support/api-client.ts'
import { makeDir, runCrew, TOKEN } from './support/crew.ts'
import { startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'
import { makeGroup, makeWorld } from './support/world.ts'

/** Takes connections and never answers; the server must not know of it. */
async function startTrap() {
  const caught: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => caught.push(String(bytes).split('\r\n', 1)[0] ?? ''))
    caught.push('a connection')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return { caught, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('the environment names a proxy, and nothing that Crew sends goes through it', async () => {
  const trap = await startTrap()
  const proxies = Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
      [name, trap.url],
      [name.toLowerCase(), trap.url],
    ]),
  )
  const receiver = await startWorker((delivery) => ({ status: delivery.headers.has('webhook-id') ? 200 : 400 }))
  const { crew, api, worker, createTask } = await makeWorld({ env: { ...proxies, CREW_EGRESS_ALLOW: '127.0.0.1' } })
  await api.put('/api/v1/worker/guarded', { url: `${worker.url}/guarded` })
  for (const name of ['any', 'guarded']) {
    const { id } = await createTask({ worker: name })
    await eventually(`${name} was called`, async () => (await readTask(api, id)).state === 'succeeded')
  }
  expect(await api.post('/api/v1/worker/guarded/test', {})).toMatchObject({ outcome: 'succeeded' })
  const told = await makeGroup(api, { notify: [{ url: receiver.url }] })
  await api.post(`/api/v1/task_group/${told.id}/tasks`, { worker: 'any' })
  await eventually('the receiver was told', () => receiver.deliveries.length > 0)
  const env = { ...proxies, PORT: new URL(crew.url).port, CREW_AUTH_TOKEN: TOKEN }
  expect(await runCrew({ dir: makeDir(), args: ['health'], env })).toMatchObject({ code: 0 })
  expect((await runCrew({ dir: makeDir(), args: ['doctor'], env })).stdout).toContain(`listens at ${crew.url}`)
  expect(trap.caught).toEqual([])
})

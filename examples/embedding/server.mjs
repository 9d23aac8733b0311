// An application with Crew below /crew: a route, a login and a worker of its own.
//
//   node server.mjs [sqlite:PATH | memory | opened] [--stay]
import { crewPlugin, openStorage } from 'crew'
import Fastify from 'fastify'

const [wanted = 'memory', stay] = process.argv.slice(2)
const people = new Map([
  ['key-of-ann', { name: 'ann', role: 'admin' }],
  ['key-of-bob', { name: 'bob', role: 'viewer' }],
])

const app = Fastify()

// Programs send a key, browsers the cookie that /enter gives them.
const keyOf = ({ headers }) => headers['x-api-key'] ?? /\bkey=([\w-]+)/.exec(headers.cookie ?? '')?.[1]
app.decorateRequest('person', null)
app.addHook('onRequest', async (request) => {
  request.person = people.get(keyOf(request)) ?? null
})

app.get('/', async ({ person }) => ({ hello: person?.name ?? 'stranger' }))
app.get('/enter/:key', (request, reply) =>
  reply.header('set-cookie', `key=${request.params.key}; Path=/; HttpOnly; SameSite=Lax`).redirect('/crew/'),
)

// A worker is any route that takes a POST; what tasks before it answered is in `parents`.
app.post('/workers/length', async ({ body }) => ({ output: body.input.length }))
app.post('/workers/sum', async ({ body }) => ({ output: body.parents.reduce((sum, { output }) => sum + output, 0) }))

const storage = wanted === 'opened' ? await openStorage('memory') : wanted
await app.register(crewPlugin, {
  prefix: '/crew',
  storage,
  workerBaseUrl: '/workers/',
  authenticate: ({ person }) => person,
})
const url = await app.listen({ port: 0, host: '127.0.0.1' })

const call = async (path, body) => {
  const headers = { 'x-api-key': 'key-of-ann', ...(body && { 'content-type': 'application/json' }) }
  const answer = await fetch(
    `${url}/crew/api/v1/${path}`,
    body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
  )
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

const group = await call('task_groups/graph', {
  name: 'lengths',
  tasks: [
    { id: 'one', worker: 'length', input: 'a' },
    { id: 'two', worker: 'length', input: 'bb' },
    { id: 'sum', worker: 'sum', parentIds: ['one', 'two'] },
  ],
})
for (;;) {
  const { state } = await call(`task_group/${group.id}`)
  if (state === 'succeeded' || state === 'failed') break
  await new Promise((resolve) => setTimeout(resolve, 50))
}
const { tasks } = await call(`task_group/${group.id}/tasks`)
for (const { id, state, output } of tasks) console.log(`${id}: ${state}, ${JSON.stringify(output)}`)

if (stay === '--stay') {
  console.log(`The web UI: ${url}/enter/key-of-ann (Ctrl-C stops)`)
  await new Promise((resolve) => process.once('SIGINT', resolve))
}
// Attempts in flight finish first.
await app.close()
if (wanted === 'opened') await storage.close()

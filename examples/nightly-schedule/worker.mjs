// Workers without an SDK: a POST of JSON comes in, an answer of JSON goes out, and `worker` in it says which one is meant.
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const port = Number(process.env.PORT ?? 4104)

/** Which accounts there are may change from night to night. The system has one of them twice. */
const ACCOUNTS = ['ada', 'grace', 'edsger', 'grace']

const workers = {
  /** The seed: it makes all other tasks of the night. Those of one key run once. */
  'nightly/list-accounts': () => {
    const names = ACCOUNTS.map((_, place) => `account-${place}`)
    const syncs = ACCOUNTS.map((account, place) => ({
      _child_id: names[place],
      name: account,
      worker: 'nightly/sync',
      key: `account-${account}`,
      input: { account },
    }))
    return { output: ACCOUNTS, children: [...syncs, { name: 'report', worker: 'nightly/report', _parent_ids: names }] }
  },

  'nightly/sync': async ({ input, taskId }) => {
    await pause(1500)
    return { output: { account: input.account, syncedBy: taskId } }
  },

  'nightly/report': ({ parents }) => {
    const syncs = parents.map(({ output }) => output).filter(({ syncedBy }) => syncedBy)
    return { output: { accounts: [...new Set(syncs.map(({ account }) => account))] } }
  },
}

async function answer(request) {
  const chunks = await request.toArray()
  const task = JSON.parse(Buffer.concat(chunks).toString())
  const worker = workers[task.worker]
  return worker ? worker(task) : { error: `${task.worker} is not here`, retryable: false }
}

createServer(async (request, response) => {
  const body = await answer(request).catch((error) => ({ error: String(error) }))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}).listen(port, '127.0.0.1', () => console.log(`the workers are listening at http://127.0.0.1:${port}`))

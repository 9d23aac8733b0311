// Reads a list page by page: each page is a task, which answers with a task for the next one; the last one has them added up.
import { createServer } from 'node:http'
import { answer, child, defineWorker, type Handler, nonRetryable, type Task } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const port = Number(process.env.PORT ?? 4103)

/** The API of somebody else: 23 orders, five a page, each page with the cursor of the next. */
async function listOrders(cursor: number) {
  const totals = Array.from({ length: 23 }, (_, place) => place + 1)
  const end = cursor + 5
  return { totals: totals.slice(cursor, end), next: end < totals.length ? end : null }
}

interface PageInput {
  readonly cursor: number
  /** The tasks of the pages before this one, for the last page to hand on. */
  readonly before: readonly string[]
}

/** A page that fails is tried again alone: the pages before it are complete. */
async function page({ input, taskId, workgroup }: Task<PageInput>) {
  const { totals, next } = await listOrders(input.cursor)
  const found = { orders: totals.length, sum: totals.reduce((sum, each) => sum + each, 0) }
  if (next === null)
    return answer(found, { children: [child({ name: 'sum', worker: 'orders/sum', parentIds: input.before })] })
  const more: PageInput = { cursor: next, before: [...input.before, taskId] }
  return answer(found, {
    children: [child<PageInput>({ name: `from ${next}`, worker: 'orders/page', workgroup, input: more })],
  })
}

/** Its parents are all pages: those that it was given, and the last one, which made it. */
function sum({ parents }: Task) {
  const pages = parents.map(({ output }) => output as { orders: number; sum: number })
  const add = (field: 'orders' | 'sum') => pages.reduce((all, each) => all + each[field], 0)
  return { pages: pages.length, orders: add('orders'), sum: add('sum') }
}

const workers: Readonly<Record<string, Handler>> = { 'orders/page': page as Handler, 'orders/sum': sum }

const worker = defineWorker((task) => workers[task.worker]?.(task) ?? nonRetryable(`${task.worker} is not here`))

createServer(toNodeHandler(worker)).listen(port, '127.0.0.1', () => {
  console.log(`the workers are listening at http://127.0.0.1:${port}`)
})

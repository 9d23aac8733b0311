// Three workers at one address: one makes a task for each thing in a basket, one finds a price, one adds them up.
import { createServer } from 'node:http'
import { answer, child, defineWorker, type Handler, nonRetryable, type Task } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const PRICES: Readonly<Record<string, number>> = { apple: 1, bread: 4, cheese: 9 }
const port = Number(process.env.PORT ?? 4102)

/** A child of its own for each, and one that waits for all of them: it names them as its parents. */
function split({ input }: Task<string[]>) {
  const prices = input.map((thing, place) =>
    child({ id: `price-${place}`, name: thing, worker: 'basket/price', input: thing, key: `price-of-${thing}` }),
  )
  const total = child({ name: 'total', worker: 'basket/total', parentIds: input.map((_, place) => `price-${place}`) })
  return answer({ things: input.length }, { children: [...prices, total] })
}

/** Called once for each thing: of the tasks that share a key one runs, the others get its output. */
function price({ input, taskId }: Task<string>) {
  const found = PRICES[input]
  return found === undefined ? nonRetryable(`nobody sells ${input}`) : { price: found, foundBy: taskId }
}

/** Parents come in the order in which they were named; the last one is the task that made this one. */
function total({ parents }: Task) {
  const found = parents.slice(0, -1).map(({ output }) => output as { price: number; foundBy: string })
  const lookups = new Set(found.map(({ foundBy }) => foundBy)).size
  return { total: found.reduce((sum, { price }) => sum + price, 0), prices: found.length, lookups }
}

const workers: Readonly<Record<string, Handler>> = {
  'basket/split': split as Handler,
  'basket/price': price as Handler,
  'basket/total': total,
}

const worker = defineWorker((task) => workers[task.worker]?.(task) ?? nonRetryable(`${task.worker} is not here`))

createServer(toNodeHandler(worker)).listen(port, '127.0.0.1', () => {
  console.log(`the workers are listening at http://127.0.0.1:${port}`)
})

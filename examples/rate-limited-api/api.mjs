// The API of somebody else: each key may ask 4 times a second, and is told to come back later when it asks more.
import { createServer } from 'node:http'

const QUOTA = 4
const WINDOW_MS = 1000
const port = Number(process.env.API_PORT ?? 4111)

/** By key: what is left of its window, and what it was told in all. */
const keys = new Map()

function countOf(key) {
  const count = keys.get(key) ?? { startedAt: 0, used: 0, served: 0, refused: 0 }
  keys.set(key, count)
  if (Date.now() >= count.startedAt + WINDOW_MS) Object.assign(count, { startedAt: Date.now(), used: 0 })
  return count
}

function order(request, response) {
  const count = countOf(request.headers['x-api-key'])
  if (count.used >= QUOTA) {
    count.refused++
    return response.writeHead(429, { 'retry-after': '1' }).end()
  }
  count.used++
  count.served++
  response.end(JSON.stringify({ order: request.url, total: 100 }))
}

function calls(response) {
  const counts = [...keys].map(([key, { served, refused }]) => [key, { served, refused }])
  response.end(`${JSON.stringify(Object.fromEntries(counts))}\n`)
}

createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url === '/calls') calls(response)
  else order(request, response)
}).listen(port, '127.0.0.1', () => console.log(`the API is listening at http://127.0.0.1:${port}`))

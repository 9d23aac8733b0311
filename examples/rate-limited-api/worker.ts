// Fetches one order. That the API wants fewer calls is no failure: it is passed on, and Crew holds all that shares the key.
import { createServer } from 'node:http'
import { defineWorker, rateLimited } from 'crew-sdk'
import { toNodeHandler } from 'crew-sdk/node'

const api = `http://127.0.0.1:${process.env.API_PORT ?? 4111}`
const port = Number(process.env.PORT ?? 4101)

/** By workgroup, for tasks can be read by whoever may log in: a key does not belong into their input. */
const API_KEYS: Readonly<Record<string, string>> = { 'shop-alpha': 'key-of-alpha', 'shop-beta': 'key-of-beta' }

const worker = defineWorker<{ order: number }>(async ({ input, workgroup, signal }) => {
  const headers = { 'x-api-key': API_KEYS[workgroup] ?? '' }
  const response = await fetch(`${api}/orders/${input.order}`, { signal, headers })
  if (response.status === 429) throw rateLimited(Number(response.headers.get('retry-after') ?? 60))
  if (!response.ok) throw new Error(`the API answered ${response.status}`)
  return response.json()
})

createServer(toNodeHandler(worker)).listen(port, '127.0.0.1', () => {
  console.log(`the worker is listening at http://127.0.0.1:${port}`)
})

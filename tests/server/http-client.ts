import { expect } from 'vitest'
import type { CrewProcess } from './crew-process.ts'

/** Parsed JSON, to be looked into by tests. */
// biome-ignore lint/suspicious/noExplicitAny: tests assert on what they read
type Json = any

/** Calls a server with its token; an answer that is no success fails the test. */
export function clientOf({ url }: Pick<CrewProcess, 'url'>, token: string) {
  const call = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    expect([answer.status, text]).toEqual([200, text])
    return JSON.parse(text)
  }
  return {
    get: (path: string) => call('GET', path),
    post: (path: string, body: unknown) => call('POST', path, body),
    put: (path: string, body: unknown) => call('PUT', path, body),
  }
}

/** Tries to log in; answers the status. */
export async function logIn(url: string, credentials: { username: string; password: string }): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${url}/login`, { method: 'POST', headers, body: JSON.stringify(credentials) })).status
}

import type { Host } from '../host.ts'
import { isRecord, textOf } from '../json.ts'
import type { AttemptChannel } from './run-attempt.ts'

/** The channel of the callback that came with a request: its address holds the token, which is the only credential. */
export function callbackChannel(url: string, { fetch }: Host): AttemptChannel {
  const post = (verb: string, body: string, signal: AbortSignal): Promise<Response> =>
    fetch(`${url}/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal,
      redirect: 'manual',
    })
  return {
    heartbeat: (report, signal) => post('heartbeat', JSON.stringify(report), signal),
    end: ({ kind, body }, signal) => post(kind, body, signal),
  }
}

/** The address in a request's `callback`; null when it offers none. */
export function callbackUrl(callback: unknown): string | null {
  const url = isRecord(callback) ? textOf(callback.url) : ''
  return /^https?:\/\//.test(url) && URL.canParse(url) ? url.replace(/\/+$/, '') : null
}

import type { Retry, Worker, WorkerEdit } from '../api/operations.ts'
import { changedIn, LIMIT_POINTERS, limitsBefore, limitsIn, numberIn, textIn } from './limits-form.ts'
import { signingSecretIn } from './signing-form.ts'

export const WORKER_POINTERS = [
  '/url',
  '/headers',
  '/signingSecret',
  '/mode',
  '/timeoutSeconds',
  '/retry',
  '/breaker',
  ...LIMIT_POINTERS,
] as const

/** What the form says and the worker does not have yet; an empty field is as if nobody had set it. */
export function workerEditIn(form: FormData, worker: Worker): WorkerEdit {
  const { url, headers, signingSecret, mode, timeoutSeconds, retry, breaker } = worker
  const before = { url, headers, signingSecret, mode, timeoutSeconds, retry, breaker, ...limitsBefore(worker) }
  return changedIn(settingsIn(form), before)
}

function settingsIn(form: FormData): WorkerEdit {
  return {
    url: textIn(form, 'url') || null,
    headers: headersIn(form),
    signingSecret: signingSecretIn(form),
    mode: textIn(form, 'mode') as Worker['mode'],
    timeoutSeconds: numberIn(form, 'timeoutSeconds'),
    retry: retryIn(form),
    breaker: breakerIn(form),
    ...limitsIn(form),
  }
}

/** Rows of a name and a value; names in lower case, as the server keeps them. A row without a name is none. */
function headersIn(form: FormData): Record<string, string> {
  const names = form.getAll('headerName').map((name) => String(name).trim().toLowerCase())
  const values = form.getAll('headerValue').map((value) => String(value).trim())
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']).filter(([name]) => name !== ''))
}

function retryIn(form: FormData): Retry | null {
  const strategy = textIn(form, 'strategy')
  if (strategy !== 'fixed' && strategy !== 'exponential') return null
  return {
    strategy,
    factor: numberIn(form, 'factor') ?? 2,
    maxSeconds: numberIn(form, 'maxSeconds'),
    jitter: numberIn(form, 'jitter') ?? 0,
  }
}

function breakerIn(form: FormData): WorkerEdit['breaker'] & object {
  const failures = numberIn(form, 'failures')
  const openSeconds = numberIn(form, 'openSeconds')
  return { ...(failures !== null && { failures }), ...(openSeconds !== null && { openSeconds }) }
}

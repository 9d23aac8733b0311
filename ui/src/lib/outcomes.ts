import type { Attempt } from '../api/operations.ts'
import type { TaskState } from './states.ts'

/** How an attempt ended: in the colour of the state that it resembles, with a sign and in words. */
export const OUTCOMES: Readonly<Record<Attempt['outcome'], { readonly look: TaskState; readonly text: string }>> = {
  succeeded: { look: 'succeeded', text: '✓ succeeded' },
  failed: { look: 'failed', text: '✕ failed' },
  rateLimited: { look: 'throttled', text: '❄ rate limited' },
  timeout: { look: 'failed', text: '✕ timed out' },
  networkError: { look: 'failed', text: '✕ network error' },
  badResponse: { look: 'failed', text: '✕ bad answer' },
  lost: { look: 'retrying', text: '↻ lost with its server' },
  givenBack: { look: 'retrying', text: '↻ given back at a stop' },
}

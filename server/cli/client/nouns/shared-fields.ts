import { body, query } from '../field.ts'

/** Flags that several nouns have. */
export const search = query('--search', 'text', { about: 'only where the id or the name holds this' })
export const attempts = body('--attempts', 'number', {
  member: 'remainingAttempts',
  about: 'how many each may have (5)',
})
export const spread = body('--spread', 'number', {
  member: 'spreadSeconds',
  placeholder: 'SECONDS',
  about: 'not all at once, but over so many seconds',
})
export const name = body('--name', 'text', { about: 'what people call it' })
export const metadata = body('--metadata', 'pairs', { about: 'for search' })
export const holdFields = [
  body('--seconds', 'number', { about: 'for how long' }),
  body('--until', 'text', { placeholder: 'TIME', about: 'until when, like 2026-11-22T10:00:00Z' }),
  body('--reason', 'text', { about: 'for whoever asks why nothing runs' }),
]
export const limitFields = [
  body('--max-concurrent', 'number', { about: 'at once; none takes the limit away' }),
  body('--rate', 'rate', { member: 'rateLimit', about: 'calls in so many seconds; none takes the limit away' }),
]
/** Members of a task, for one that is made or changed. */
export const taskFields = [
  name,
  body('--worker', 'text', { placeholder: 'NAME', about: 'who does it' }),
  body('--workgroup', 'text', { placeholder: 'NAME', about: 'what shares its limits' }),
  body('--key', 'text', { about: 'tasks with the same key are merged' }),
  body('--input', 'json', { about: 'what the worker gets' }),
  body('--output', 'json', { about: 'what the next ones get' }),
  attempts,
  body('--priority', 'number', { about: 'higher runs first' }),
  body('--run-after', 'text', { placeholder: 'TIME', about: 'not before' }),
  body('--error-delay', 'number', {
    member: 'errorDelayInSeconds',
    placeholder: 'SECONDS',
    about: 'to wait after a failure (60)',
  }),
  body('--timeout-seconds', 'number', { about: 'that an attempt may take' }),
  body('--paused', 'yes', { member: 'isPaused', about: 'nothing runs until somebody resumes it' }),
  body('--complete', 'yes', { member: 'isComplete', about: 'as if it had run' }),
  body('--seed', 'yes', { member: 'isSeed', about: 'kept when the group is reset' }),
  metadata,
]

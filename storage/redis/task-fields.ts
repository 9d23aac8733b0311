import type { Task, TaskPatch } from '../../server/core/task.ts'

/**
 * How the fields of a task that scripts only keep are written into its hash: each as text, the usual value by absence ('').
 * What scripts understand (holds, runAfter, lease and so on) is not among them: see `encode.ts` and `tasks.lua`.
 */
interface Field {
  readonly name: keyof TaskPatch | 'createdAt'
  readonly write: (task: Task) => string
  readonly read: (text: string) => unknown
  /** Of any length, so it may have to live beside the hash. */
  readonly isText: boolean
}

const text = (name: 'name' | 'key' | 'mergeKey' | 'createdBy'): Field => ({
  name,
  write: (task) => task[name],
  read: (stored) => stored,
  isText: true,
})

const number = (
  name:
    | 'remainingAttempts'
    | 'errorDelayInSeconds'
    | 'run'
    | 'attempts'
    | 'rateLimitedSince'
    | 'givenBack'
    | 'createdAt',
): Field => ({
  name,
  write: (task) => (task[name] === 0 ? '' : String(task[name])),
  read: (stored) => Number(stored),
  isText: false,
})

const json = (name: 'retry' | 'errors' | 'metadata' | 'parentIds', usual: string): Field => ({
  name,
  write: (task) => {
    const written = JSON.stringify(task[name])
    return written === usual ? '' : written
  },
  read: (stored) => JSON.parse(stored === '' ? usual : stored),
  isText: true,
})

export const fields: readonly Field[] = [
  text('name'),
  text('key'),
  text('mergeKey'),
  text('createdBy'),
  number('remainingAttempts'),
  number('errorDelayInSeconds'),
  number('run'),
  number('attempts'),
  number('rateLimitedSince'),
  number('givenBack'),
  number('createdAt'),
  json('retry', 'null'),
  json('errors', '[]'),
  json('metadata', '{}'),
  json('parentIds', '[]'),
  {
    name: 'isSeed',
    write: (task) => (task.isSeed ? '1' : ''),
    read: (stored) => stored === '1',
    isText: false,
  },
  {
    name: 'timeoutSeconds',
    write: (task) => (task.timeoutSeconds === null ? '' : String(task.timeoutSeconds)),
    read: (stored) => (stored === '' ? null : Number(stored)),
    isText: false,
  },
  {
    name: 'progressWeight',
    write: (task) => (task.progressWeight === 1 ? '' : String(task.progressWeight)),
    read: (stored) => (stored === '' ? 1 : Number(stored)),
    isText: false,
  },
]

/** Fields whose texts may live beside the hash. */
export const textFields: readonly string[] = fields.filter(({ isText }) => isText).map(({ name }) => name)

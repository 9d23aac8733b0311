import { Worker } from 'node:worker_threads'
import { CrewError, type ErrorCode } from '../../server/core/errors.ts'
import { StorageOpenError } from './database.ts'
import type { Reply } from './engine-calls.ts'
import type { EngineHost } from './sqlite-storage.ts'
import { threadFile } from './thread-file.ts'

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly path: string
  readonly bootId: string
  readonly now: number
}

/** Errors cross as their fields, and become errors again on this side. */
export interface ThreadError {
  readonly kind: 'crew' | 'open' | 'other'
  readonly code?: ErrorCode
  readonly message: string
}

/** What the thread says: JSON text, which crosses at half the cost of cloned objects (136 against 221 µs for 32 tasks and back). */
export type ThreadMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly error: ThreadError }
  | {
      readonly type: 'done'
      readonly replies: readonly ({ value: unknown } | { error: ThreadError })[]
    }

/** Starts the engine in a thread of its own. Rejects with a StorageOpenError when the store cannot be opened. */
export async function startEngineThread(data: Omit<ThreadData, 'now'>, now: number): Promise<EngineHost> {
  const worker = new Worker(threadFile('thread'), { workerData: { ...data, now } satisfies ThreadData })
  const waiting: { resolve: (message: ThreadMessage) => void; reject: (error: unknown) => void }[] = []
  const next = (): Promise<ThreadMessage> => new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  worker.on('message', (text: string) => waiting.shift()?.resolve(JSON.parse(text) as ThreadMessage))
  let isClosing = false
  const end = (error: unknown): void => {
    for (const one of waiting.splice(0)) one.reject(error)
    // Nothing can be kept any more: crash, so that a supervisor starts a server that can.
    if (!isClosing) setImmediate(() => throwIt(error))
  }
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`the thread of the store ended by itself (exit code ${code})`)))
  const first = await next()
  if (first.type === 'failed') {
    isClosing = true
    await worker.terminate()
    throw revive(first.error)
  }
  return {
    async run(calls, at) {
      const answer = next()
      worker.postMessage(JSON.stringify({ calls, now: at }))
      const message = await answer
      if (message.type !== 'done') throw new Error('the thread of the store answered out of turn')
      return message.replies.map(reviveReply)
    },
    async close() {
      isClosing = true
      const closed = next()
      worker.postMessage('close')
      await closed
      await worker.terminate()
    },
  }
}

function throwIt(error: unknown): never {
  throw error
}

function reviveReply(reply: { value: unknown } | { error: ThreadError }): Reply {
  return 'error' in reply ? { error: revive(reply.error) } : reply
}

function revive(error: ThreadError): Error {
  if (error.kind === 'crew' && error.code) return new CrewError(error.code, error.message)
  return error.kind === 'open' ? new StorageOpenError(error.message) : new Error(error.message)
}

// The other side of thread-host.ts: runs the engine in a thread of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { CrewError } from '../../server/core/errors.ts'
import { StorageOpenError } from './database.ts'
import { Engine } from './engine.ts'
import type { Call } from './engine-calls.ts'
import { newToken } from './sqlite-storage.ts'
import type { ThreadData, ThreadError, ThreadMessage } from './thread-host.ts'

const { path, bootId, now } = workerData as ThreadData

const say = (message: ThreadMessage): void => parentPort?.postMessage(JSON.stringify(message))

try {
  serve(new Engine({ path, bootId, newToken }, now))
  say({ type: 'ready' })
} catch (error) {
  say({ type: 'failed', error: flatten(error) })
}

function serve(engine: Engine): void {
  parentPort?.on('message', (text: string) => {
    if (text === 'close') {
      engine.close()
      say({ type: 'ready' })
      return
    }
    const { calls, now: at } = JSON.parse(text) as { calls: Call[]; now: number }
    const replies = engine.runBatch(calls, at)
    const flat = replies.map((reply) =>
      'error' in reply ? { error: flatten(reply.error) } : { value: reply.value ?? null },
    )
    say({ type: 'done', replies: flat })
  })
}

function flatten(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof CrewError) return { kind: 'crew', code: error.code, message }
  return { kind: error instanceof StorageOpenError ? 'open' : 'other', message }
}

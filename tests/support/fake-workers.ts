import type { CallEnd, WorkerCall, WorkerClient } from '../../server/controller/worker-client.ts'
import { answer } from './attempts.ts'

/** A POST that a worker has received. */
export interface FakeCall extends WorkerCall {
  readonly taskId: string
  readonly worker: string
  readonly body: string
  /** The body, parsed. */
  readonly request: { readonly taskId: string; readonly parents: { taskId: string; output: unknown }[] }
  isAborted: boolean
  reply(reply?: CallEnd): void
}

/** Workers that answer only when the test lets them. */
export interface FakeWorkers extends WorkerClient {
  /** Every POST so far, the oldest first. */
  readonly calls: FakeCall[]
  /** Those that are not answered yet. */
  readonly open: FakeCall[]
  /** The ids of the open ones, sorted. */
  readonly openIds: string[]
  /** The open call of this task. */
  call(taskId: string): FakeCall
}

export const BASE_URL = 'http://workers.test/'

export function fakeWorkers(onPost: (call: FakeCall) => void = () => {}): FakeWorkers {
  const calls: FakeCall[] = []
  const open = new Set<FakeCall>()
  return {
    calls,
    get open() {
      return [...open]
    },
    get openIds() {
      return [...open].map(({ taskId }) => taskId).toSorted()
    },
    call(taskId) {
      const call = [...open].find((one) => one.taskId === taskId)
      if (!call) throw new Error(`no POST of ${taskId} is open; open are ${[...open].map((one) => one.taskId)}`)
      return call
    },
    post(sent) {
      const request = JSON.parse(sent.body) as FakeCall['request']
      let resolve: (reply: CallEnd) => void = () => {}
      const reply = new Promise<CallEnd>((settle) => {
        resolve = settle
      })
      const call: FakeCall = {
        ...sent,
        request,
        taskId: request.taskId,
        worker: sent.url.slice(BASE_URL.length),
        isAborted: false,
        reply(given = answer()) {
          open.delete(call)
          resolve(given)
        },
      }
      calls.push(call)
      open.add(call)
      onPost(call)
      const abort = (): void => {
        if (!open.has(call)) return
        call.isAborted = true
        call.reply({ kind: 'networkError', message: 'the call was cut off' })
      }
      return { reply, abort }
    },
    async close() {},
  }
}

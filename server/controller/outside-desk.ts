import type { Callbacks } from './callbacks.ts'
import type { Controller } from './controller.ts'

/** All that use cases ask of attempts that run outside, in one piece. */
export const outsideDesk = ({ polls, outside }: Controller, callbacks: Callbacks) => ({
  acquire: polls.acquire.bind(polls),
  release: outside.release.bind(outside),
  look: outside.look.bind(outside),
  end: outside.end.bind(outside),
  heartbeat: outside.heartbeat.bind(outside),
  callbackOf: (taskId: string, leaseToken: string) => callbacks.of(taskId, leaseToken),
})

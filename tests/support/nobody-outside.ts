import type { OutsideDesk } from '../../server/services/worker-context.ts'

/** No attempt runs outside. */
export const nobodyOutside: OutsideDesk = {
  acquire: async () => null,
  release: async () => 'superseded',
  look: async () => 'unknown',
  end: async () => 'unknown',
  heartbeat: async () => undefined,
  callbackOf: (taskId) => ({ url: `http://crew.test/api/v1/attempt/${taskId}~x`, token: `${taskId}~x` }),
}

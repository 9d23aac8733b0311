import type { Worker } from '../worker/define-worker.ts'
import { type NodeRequest, type NodeResponse, toNodeHandler } from './node.ts'

/**
 * The worker as a Google Cloud Function (Cloud Run functions, Firebase's `onRequest`). The body has been parsed there already, so the
 * signature is checked against `rawBody`.
 *
 * @example
 * functions.http('resize', toCloudFunction(worker))
 */
export function toCloudFunction(worker: Worker): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return toNodeHandler(worker)
}

import type { LayoutInput } from '../../../lib/layout.ts'
import type { LayoutDone, LayoutJob } from './layout-worker.ts'

/** Lays out in a web worker, which it has from its construction to stop(). Only the newest question is answered. */
export class Layouter {
  // A file of its own: the policy of the page lets no worker run from a blob.
  private readonly worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' })
  private ticket = 0
  private settle: { readonly resolve: (done: LayoutDone) => void; readonly reject: (error: Error) => void } | null =
    null

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<LayoutDone>) => {
      if (data.ticket === this.ticket) this.settle?.resolve(data)
    }
    this.worker.onerror = ({ message }) =>
      this.settle?.reject(new Error(`The graph cannot be laid out: ${message || 'its web worker does not start'}.`))
  }

  layOut(input: LayoutInput): Promise<LayoutDone> {
    this.ticket++
    const job: LayoutJob = { ticket: this.ticket, input }
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
      this.worker.postMessage(job)
    })
  }

  stop(): void {
    this.worker.terminate()
  }
}

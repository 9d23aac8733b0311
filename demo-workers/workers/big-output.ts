import { numberField } from '../contract/json.ts'
import type { DemoWorker } from '../contract/worker.ts'

const MIB = 1024 * 1024

/** 16 MiB: well over what Crew takes (5 MiB unless set otherwise), so that the refusal can be seen as well. */
const MAX_BYTES = 16 * MIB

export const createBigOutput = (): DemoWorker => ({
  name: 'big-output',
  about: 'Answers 1 MiB of text, or {"bytes": n} of it, up to 16 MiB.',
  async run(call) {
    const bytes = Math.trunc(numberField(call.input, 'bytes', { fallback: MIB, min: 0, max: MAX_BYTES }))
    return { kind: 'done', output: { bytes, text: 'crew '.repeat(Math.ceil(bytes / 5)).slice(0, bytes) } }
  },
})

import { urlOf } from '../listen.ts'
import { askServer } from './ask-server.ts'
import type { Call, Command } from './command.ts'

/** `crew health`: for container engines, whose images have no curl. */
export const healthCommand: Command = {
  name: 'health',
  about: 'tell whether the server at HOST and PORT answers: exit code 0 or 1',
  words: { placeholder: '', max: 0 },
  flags: [],
  run,
}

const TIMEOUT_MS = 3000

async function run({ settings, out }: Call): Promise<number> {
  const url = `${urlOf(settings)}/healthz`
  try {
    const { status, text } = await askServer(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    out(status === 200 ? text.trim() : `${url} answers with ${status}.`)
    return status === 200 ? 0 : 1
  } catch {
    out(`${url} does not answer: is the server running, and are HOST and PORT the same as its?`)
    return 1
  }
}

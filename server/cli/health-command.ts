import { urlOf } from '../listen.ts'
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
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    out(answer.ok ? (await answer.text()).trim() : `${url} answers with ${answer.status}.`)
    return answer.ok ? 0 : 1
  } catch {
    out(`${url} does not answer: is the server running, and are HOST and PORT the same as its?`)
    return 1
  }
}

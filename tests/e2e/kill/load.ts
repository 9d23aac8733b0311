import type { Creation } from '../../../server/selftest/work.ts'
import type { Api, ApiAnswer } from '../support/api-client.ts'
import { eventually, pass } from '../support/waiting.ts'
import type { Plan } from './plan.ts'

/** An open loop: the next request goes out on time whether or not the server answers, as clients do not wait for each other. */
export class Load {
  readonly creations: Creation[] = []
  readonly #api: Pick<Api, 'call'>
  readonly #plan: Plan
  readonly #timer: NodeJS.Timeout

  constructor(options: { api: Pick<Api, 'call'>; plan: Plan; everyMs: number }) {
    this.#api = options.api
    this.#plan = options.plan
    this.#timer = setInterval(() => void this.#send(this.#plan.next()), options.everyMs)
  }

  /** Resolves when every request has an end. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await eventually('every request has an end', () => this.creations.every(({ outcome }) => outcome !== 'open'))
  }

  async #send(creation: Creation): Promise<void> {
    this.creations.push(creation)
    creation.startedAt = performance.now()
    try {
      const answer = await this.#api.call('POST', creation.path, creation.body)
      creation.outcome = outcomeOf(answer)
      creation.answer = answer.text
    } catch {
      creation.outcome = 'unknown'
    }
    creation.endedAt = performance.now()
  }
}

/** A storage that went away while it was asked may have done it or not. */
function outcomeOf({ status, text }: ApiAnswer): Creation['outcome'] {
  if (status === 503 && text.includes('storage_unavailable')) return 'unknown'
  return status === 200 ? 'acknowledged' : 'refused'
}

/** Asks until the server answers; answers when it did. */
export async function healthyAt(api: Api, isOver: () => boolean): Promise<number | null> {
  while (!isOver()) {
    const status = await api.call('GET', '/healthz').then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200) return performance.now()
    await pass(5)
  }
  return null
}

import { awakeMs } from '../../support/awake.ts'
import type { Api, ApiAnswer } from '../support/api-client.ts'
import { pass } from '../support/waiting.ts'

interface Asked {
  readonly path: string
  readonly sentAt: number
  readonly tookMs: number
  readonly answer: ApiAnswer
}

/** Asks a server again and again how it is, and for what only the storage knows. */
export class Probe {
  readonly asked: Asked[] = []
  readonly #api: Api
  readonly #running: Promise<unknown>
  #isStopping = false

  constructor(api: Api) {
    this.#api = api
    this.#running = Promise.all(PATHS.map((path) => this.#askAgainAndAgain(path)))
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /** What was answered otherwise than it must be while the storage does not answer, to what was asked in that time. */
  faults({ from, until, answerMs }: { from: number; until: number; answerMs: number }): string[] {
    // Whoever asks just before the end may still be answered in full.
    const during = this.asked.filter(({ sentAt, tookMs }) => sentAt >= from && sentAt + tookMs < until)
    const unasked = PATHS.filter((path) => during.every((each) => each.path !== path))
    const wrong = during
      .filter((each) => !isRight(each))
      .map(({ path, answer }) => `${path}: ${answer.status} ${answer.text}`)
    const slow = this.asked
      .filter(({ sentAt, tookMs }) => awakeMs(sentAt, sentAt + tookMs) > answerMs)
      .map(({ path, tookMs }) => `${path} was answered after ${tookMs} ms`)
    return [...unasked.map((path) => `${path} was answered never`), ...wrong, ...slow]
  }

  async #askAgainAndAgain(path: string): Promise<void> {
    while (!this.#isStopping) {
      const sentAt = performance.now()
      const answer = await this.#api.call('GET', path)
      this.asked.push({ path, sentAt, tookMs: performance.now() - sentAt, answer })
      await pass(50)
    }
  }
}

const PATHS = [
  '/livez',
  '/healthz',
  '/readyz',
  '/api/v1/task_groups',
  '/api/v1/task/none',
  '/api/v1/workgroups',
] as const

function isRight({ path, answer: { status, headers, text } }: Asked): boolean {
  if (path === '/livez' || path === '/healthz') return status === 200
  if (path === '/readyz') return status === 503 && text.includes('"ready":false')
  const isProblem = headers['content-type'] === 'application/problem+json; charset=utf-8'
  return status === 503 && isProblem && text.includes('"storage_unavailable"') && Number(headers['retry-after']) > 0
}

import { randomUUID } from 'node:crypto'
import type { Connection, Message } from '../../../sdk/typescript/src/client/connection.ts'
import { CrewProblem } from '../../../sdk/typescript/src/client/crew-problem.ts'
import { EXIT, type ExitCode, exitOfProblem } from './exit-codes.ts'
import type { Answer } from './format.ts'

/** As many calls at once: a server answers them in a moment, and others want to be answered too. */
const AT_ONCE = 8

export interface Sent {
  readonly id: string | null
  readonly message: Message
  /** What it makes must not be made twice, whatever the network does with it. */
  readonly isMaking: boolean
}

/** What became of each, in the order that they were given in. */
export type Outcome =
  | { readonly answer: Answer; readonly problem: null; readonly exit: ExitCode }
  | { readonly id: string | null; readonly answer: null; readonly problem: CrewProblem; readonly exit: ExitCode }

/** Sends all, some at once. After a refusal that would meet each of them the rest is not sent. */
export async function sendAll(connection: Connection, all: readonly Sent[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  let next = 0
  let isHopeless = false
  const runner = async (): Promise<void> => {
    while (next < all.length && !isHopeless) {
      const index = next++
      const sent = all[index]
      if (sent === undefined) return
      const outcome = await sendOne(connection, sent)
      outcomes[index] = outcome
      if (outcome.problem && meetsAll(outcome.problem)) isHopeless = true
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, runner))
  return outcomes.filter((outcome) => outcome !== undefined)
}

async function sendOne(connection: Connection, { id, message, isMaking }: Sent): Promise<Outcome> {
  try {
    return {
      answer: { id, text: await connection.send(message, isMaking ? { idempotencyKey: randomUUID() } : {}) },
      problem: null,
      exit: EXIT.ok,
    }
  } catch (problem) {
    if (!(problem instanceof CrewProblem)) throw problem
    return { id, answer: null, problem, exit: exitOfProblem(problem) }
  }
}

const meetsAll = ({ code }: CrewProblem): boolean => ['unreachable', 'unauthorized', 'unexpected_answer'].includes(code)

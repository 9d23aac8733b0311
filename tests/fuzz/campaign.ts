import type { Random } from '../e2e/support/random.ts'
import { type FuzzAnswer, Judge } from './judge.ts'
import type { Known } from './known.ts'
import { type Document, type Operation, operationsOf } from './operations.ts'
import { asCurl, type FuzzRequest, type Logins, makeRequest } from './requests.ts'
import { shrink } from './shrink.ts'
import { type Maker, some } from './valid-values.ts'

/** A server under fuzz. */
export interface Target {
  readonly logins: Logins
  /** Rejects when the connection broke, or nothing came. */
  send(request: FuzzRequest): Promise<FuzzAnswer>
  /** Every hundred requests: new work, and time. */
  tend(): Promise<void>
  /** What was written so far, a line each; where nobody can know that, nothing. */
  writes(): readonly string[]
  /** Resolves when nothing of what was asked before is under way any more, as what is written behind an answer. */
  rest(): Promise<void>
  /** Other work goes on while it is answered: a scan before and after would tell of that. */
  takesTime(operation: Operation): boolean
  /** Of all state; null where it cannot be had while the server runs. */
  fingerprint(): Promise<string | null>
}

/** What was sent, and what came of it. */
export interface Report {
  /** By operation: all requests, and those of its own method that succeeded. */
  readonly operations: ReadonlyMap<string, { sent: number; succeeded: number }>
  readonly statuses: ReadonlyMap<number, number>
  /** Sentences, each with the smallest request that shows it. */
  readonly faults: readonly string[]
}

export interface CampaignOptions {
  readonly target: Target
  readonly document: Document
  readonly random: Random
  readonly known: Known
  readonly requests: number
}

const TEND_EVERY = 100
/** A full scan before and after; what is written is counted at every request. */
const SCAN_EVERY = 250
/** More of them say nothing new. */
const MAX_FAULTS = 5

/** Sends so many requests one after the other, and judges each answer. */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const { target, document, random, known, requests } = options
  const operations = some(operationsOf(document))
  const judge = new Judge(document)
  const notes = makeNotes(operations)
  let made = 0
  const maker: Maker = { random, document, known, fresh: () => `f${random.seed}-${++made}` }
  for (let count = 0; count < requests && notes.report.faults.length < MAX_FAULTS; count++) {
    if (count % TEND_EVERY === 0) await target.tend()
    const request = makeRequest(random.pick(operations), maker, target.logins)
    const trial = count % SCAN_EVERY === 0 && !target.takesTime(request.operation) ? withScan : tryOnce
    const { fault, answer } = await trial(target, judge, request)
    if (answer) notes.note(request, answer, known)
    if (fault !== null) notes.fault(await explain(target, judge, { request, fault }))
  }
  return notes.report
}

/** What came of a request with a key is kept for it; and that a token was used, now and then. */
const isNoted = ({ headers, login }: FuzzRequest): boolean =>
  headers['idempotency-key'] !== undefined || login === 'operator' || login === 'viewer'

interface Trial {
  readonly fault: string | null
  readonly answer: FuzzAnswer | null
}

async function tryOnce(target: Target, judge: Judge, request: FuzzRequest): Promise<Trial> {
  await target.rest()
  const before = target.writes().length
  try {
    const answer = await target.send(request)
    const [written] = answer.status >= 400 ? target.writes().slice(before) : []
    const wrote = written === undefined ? null : `a refusal (${answer.status}) that wrote something: ${written}`
    return { answer, fault: judge.faultOf(request, answer) ?? wrote }
  } catch (error) {
    return { answer: null, fault: `no answer: ${String(error)}` }
  }
}

async function withScan(target: Target, judge: Judge, request: FuzzRequest): Promise<Trial> {
  const before = await target.fingerprint()
  const trial = await tryOnce(target, judge, request)
  const isRefused = trial.answer !== null && trial.answer.status >= 400
  if (!isRefused || isNoted(request) || before === (await target.fingerprint())) return trial
  return { ...trial, fault: trial.fault ?? 'a refusal that changed the store' }
}

/** The fault with the smallest request that shows one of its kind. */
async function explain(
  target: Target,
  judge: Judge,
  { request, fault }: { request: FuzzRequest; fault: string },
): Promise<string> {
  const kind = fault.slice(0, 20)
  const isSame = async (smaller: FuzzRequest): Promise<boolean> =>
    (await tryOnce(target, judge, smaller)).fault?.startsWith(kind) === true
  const smallest = await shrink(request, isSame)
  return `${request.operation.id} (${request.twist}): ${fault}\n  ${asCurl(smallest)}`
}

function makeNotes(operations: readonly Operation[]) {
  const tallies = new Map(operations.map(({ id }) => [id, { sent: 0, succeeded: 0 }]))
  const statuses = new Map<number, number>()
  const faults: string[] = []
  const report: Report = { operations: tallies, statuses, faults }
  return {
    report,
    fault: (sentence: string) => void faults.push(sentence),
    note({ operation, method }: FuzzRequest, { status, text }: FuzzAnswer, known: Known): void {
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const tally = tallies.get(operation.id) ?? { sent: 0, succeeded: 0 }
      tally.sent++
      if (status !== 200 || method !== operation.method) return
      tally.succeeded++
      if (/^[[{]/.test(text)) known.learn(operation.id, JSON.parse(text))
    },
  }
}

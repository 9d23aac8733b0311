import type { CallEnd, WorkerCall, WorkerClient } from '../../server/controller/worker-client.ts'
import { answer } from '../support/attempts.ts'
import type { Agenda } from './agenda.ts'
import type { Answers } from './answers.ts'
import type { Chance } from './chance.ts'
import { ANSWERS, type Answer, choose, type Plan } from './plan.ts'
import type { Process } from './process.ts'
import type { Boot } from './server.ts'
import type { Weather } from './weather.ts'

export interface WorkersOptions {
  readonly plan: Plan
  readonly agenda: Agenda
  readonly chance: Chance
  readonly weather: Weather
  readonly answers: Answers
  /** Some server that is there, for what a worker tells later. */
  readonly anyBoot: () => Boot | null
}

/** What a worker reads of a POST. */
export interface Work {
  readonly taskId: string
  /** Of its callback. */
  readonly token: string
}

/** It hears nothing of a task that it took for so long at most, and forgets it then. */
const MAX_TELLS = 20
const TELL_MS = 700

/** The workers of a run: they answer as the plan says, well once the weather is fair. */
export class SimulatedWorkers {
  readonly #options: WorkersOptions
  readonly #chance: Chance

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#chance = options.chance.split()
  }

  /** How the servers of this process call them. */
  clientOf(process: Process): WorkerClient {
    return { post: (call) => this.#post(call, process), close: async () => {} }
  }

  /** What a worker does with a task that it got, and how its answer reads; null: it says nothing. `mayAccept`: it may finish it later. */
  work({ taskId, token }: Work, { mayAccept }: { mayAccept: boolean }): CallEnd | null {
    const { plan, weather, answers, agenda } = this.#options
    const kind = weather.isFair ? 'success' : choose(this.#chance, plan.answers, ANSWERS)
    agenda.note(`${taskId} is answered: ${kind}`)
    const children = kind === 'children' ? this.#childrenOf(taskId) : []
    if (kind === 'success' || kind === 'delays' || kind === 'children')
      answers.say(token, { isSuccess: true, children: children.length })
    switch (kind) {
      case 'accepted':
        if (!mayAccept) return null
        this.#finishLater({ taskId, token })
        return answer('', 202)
      case 'silence':
        return null
      case 'children':
        return answer({ output: { of: taskId }, children })
      case 'delays':
        return answer({ output: 1, childrenDelayInSeconds: 0.5, workgroupDelayInSeconds: this.#chance.between(0, 1) })
      default:
        return plainAnswer(kind)
    }
  }

  /** Where it may go wrong: on the way there, at the moment of sending, on the way back, and by taking too long. */
  #post(call: WorkerCall, process: Process): ReturnType<WorkerClient['post']> {
    const { agenda, weather } = this.#options
    const { promise: reply, resolve } = Promise.withResolvers<CallEnd>()
    const end = (given: CallEnd): void => process.deliver(() => resolve(given))
    const cancel = agenda.after(call.timeoutMs, `${process.name} waits no more`, () =>
      end({ kind: 'timeout', message: 'no answer in time' }),
    )
    const isThere = !weather.brings('lostCalls')
    agenda.after(weather.latency(), `${process.name} connects`, () =>
      process.deliver(() => {
        if (!call.mayStart()) resolve({ kind: 'unsent' })
        else if (isThere) agenda.after(weather.latency(), '', () => this.#receive(call, end))
        else resolve({ kind: 'networkError', message: 'nobody answers there' })
      }),
    )
    void reply.then(cancel)
    return { reply, abort: () => resolve({ kind: 'networkError', message: 'the call was cut off' }) }
  }

  #receive(call: WorkerCall, end: (given: CallEnd) => void): void {
    const { agenda, weather, answers } = this.#options
    const { taskId, callback } = JSON.parse(call.body) as { taskId: string; callback: { token: string } }
    answers.posted(taskId, callback.token)
    agenda.after(this.#workMs(), '', () => {
      const given = this.work({ taskId, token: callback.token }, { mayAccept: true })
      if (given === null) return
      const isLost = weather.brings('lostCalls')
      agenda.after(weather.latency(), `the answer of ${taskId}`, () =>
        end(isLost ? { kind: 'networkError', message: 'the connection broke' } : given),
      )
    })
  }

  /** Mostly quick, sometimes longer than a lease. */
  #workMs(): number {
    if (this.#options.weather.isFair) return this.#chance.between(5, 50)
    return this.#chance.happens(0.03) ? this.#chance.between(1000, 9000) : this.#chance.between(5, 300)
  }

  /** Ids of its own or of Crew's making; one may wait for another, and one may carry a key. */
  #childrenOf(taskId: string): object[] {
    const isNamed = taskId.length < 40 && this.#chance.happens(0.5)
    return Array.from({ length: this.#chance.between(1, 3) }, (_, index) => ({
      worker: 'w0',
      ...(isNamed && { id: `${taskId}.${index}` }),
      ...(isNamed && index > 0 && { parentIds: [`${taskId}.${index - 1}`] }),
      ...(this.#chance.happens(0.2) && { key: 'common' }),
      errorDelayInSeconds: 0.2,
    }))
  }

  /** It said 202: a heartbeat or two, then the end through any server, until one hears it. */
  #finishLater(work: Work): void {
    const { agenda } = this.#options
    if (this.#chance.happens(0.1)) return
    if (this.#chance.happens(0.3))
      this.#tell(work, 'a heartbeat', (boot) => boot.controller.outside.heartbeat(work.token))
    agenda.after(this.#chance.between(50, 3000), '', () => {
      const isSuccess = this.#options.weather.isFair || this.#chance.happens(0.8)
      if (isSuccess) this.#options.answers.say(work.token, { isSuccess, children: 0 })
      const body = JSON.stringify(isSuccess ? { output: { later: work.taskId } } : { error: 'it did not work' })
      const kind = isSuccess ? 'complete' : 'fail'
      this.#tell(work, 'its end', (boot) => boot.controller.outside.end(work.token, { kind, body }))
    })
  }

  #tell(work: Work, what: string, tell: (boot: Boot) => Promise<unknown>, tries = 0): void {
    const { agenda, anyBoot } = this.#options
    let isHeard = false
    const again = (): void => {
      if (!isHeard && tries < MAX_TELLS) this.#tell(work, what, tell, tries + 1)
    }
    agenda.after(TELL_MS * (tries + 1), '', again)
    const boot = anyBoot()
    if (!boot) return
    agenda.note(`${boot.process.name} is told ${what} of ${work.taskId}`)
    void tell(boot).then(
      () => {
        isHeard = true
      },
      () => {},
    )
  }
}

function plainAnswer(kind: Exclude<Answer, 'accepted' | 'silence' | 'children' | 'delays'>): CallEnd {
  switch (kind) {
    case 'success':
      return answer({ output: { done: true } })
    case 'error':
      return answer({ error: 'it failed' }, 500)
    case 'refusal':
      return answer({ error: 'never again', retryable: false }, 422)
    case 'rateLimit':
      return answer('', 429, { 'retry-after': '1' })
    case 'garbage':
      return answer('<html>', 200)
  }
}

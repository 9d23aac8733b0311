import type { ChangeSet, CrewEvent } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import type { Call, ClaimCall, EngineMethod } from '../../storage/sqlite/engine-calls.ts'
import type { ClaimResult, EventListener, TaskStorage } from '../../storage/task-storage.ts'
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import type { Process } from './process.ts'
import { type SharedStore, summaryOf } from './shared-store.ts'
import type { Weather } from './weather.ts'

/** A server waits so long for its store (DESIGN section 5). */
const COMMAND_TIMEOUT_MS = 2000

/** In fair weather hints come a few at a time, as it is about the end and not about the way. */
const FAIR_HINT_MS = 20

export interface LinkOptions {
  readonly store: SharedStore
  readonly agenda: Agenda
  readonly chance: Chance
  readonly weather: Weather
  readonly process: Process
  /** An error of the engine that is none of the port's. */
  readonly failed: (error: unknown) => void
  /** Tells all servers what was committed. */
  readonly tell: (events: readonly CrewEvent[]) => void
}

/** The way from one server to the store: each call is a request and a reply, and something may happen to either. */
export class Link {
  /** What the server sees. */
  readonly storage: TaskStorage
  readonly #options: LinkOptions
  readonly #listeners = new Set<EventListener>()
  #isCut = false
  #heard: CrewEvent[] = []

  constructor(options: LinkOptions) {
    this.#options = options
    this.storage = this.#proxy()
  }

  /** A failover: whoever waits for an answer gets none. */
  cut(): void {
    this.#isCut = true
    this.#options.agenda.after(0, '', () => {
      this.#isCut = false
    })
  }

  /** What some server did. A hint: it may get lost, and comes with others that are on their way. */
  hear(events: readonly CrewEvent[]): void {
    const { agenda, weather, process } = this.#options
    if (events.length === 0 || process.isDead || this.#listeners.size === 0 || weather.brings('lostHints')) return
    this.#heard.push(...events)
    if (this.#heard.length > events.length) return
    agenda.after(weather.isFair ? FAIR_HINT_MS : weather.latency(), '', () =>
      process.deliver(() => {
        const heard = this.#heard
        this.#heard = []
        for (const listener of this.#listeners) listener(heard, 'commit')
      }),
    )
  }

  #proxy(): TaskStorage {
    const own: Partial<TaskStorage> = {
      durability: { engine: 'redis', survives: 'process', detail: 'simulated' },
      claim: (request) => this.#claim({ ...request, slots: [...request.slots] }),
      renewLeases: (refs, until, holder) => this.#renew(refs, until, holder),
      subscribe: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      close: async () => {},
    }
    const call =
      (method: EngineMethod) =>
      (...args: readonly unknown[]) =>
        this.#send({ method, args } as unknown as Call)
    const known = new Map<string | symbol, unknown>()
    return new Proxy(own, {
      get: (target, name) => {
        if (Object.hasOwn(target, name)) return Reflect.get(target, name)
        if (name === 'feed' || name === 'isPartitioned' || name === 'then' || typeof name === 'symbol') return undefined
        if (!known.has(name)) known.set(name, call(name as EngineMethod))
        return known.get(name)
      },
    }) as TaskStorage
  }

  /** The store goes by its own clock, so that a lease is asked for as a time from now (as on Redis). */
  async #claim(call: ClaimCall): Promise<ClaimResult> {
    const offset = this.#options.process.offsetMs
    const result = (await this.#send({ method: 'claim', args: [call] }, call.until - this.#now())) as ClaimResult
    return { ...result, nextDueAt: result.nextDueAt === null ? null : result.nextDueAt + offset }
  }

  #renew(refs: Parameters<TaskStorage['renewLeases']>[0], until: number, holder?: string): Promise<string[]> {
    const call = { method: 'renewLeases', args: [refs, until, holder] } as unknown as Call
    return this.#send(call, until - this.#now()) as Promise<string[]>
  }

  #now(): number {
    return this.#options.process.clock.now()
  }

  #send(call: Call, leaseMs = 0): Promise<unknown> {
    const { agenda, weather, process } = this.#options
    return new Promise((resolve, reject) => {
      let isOver = false
      const end = (run: () => void): void => {
        if (isOver) return
        isOver = true
        if (process.isDead) weather.befall(call.method, 'killed')
        process.deliver(run)
      }
      const fail = () => end(() => reject(unavailable()))
      if (weather.isPartitioned(process.name) || weather.brings('failBefore')) {
        weather.befall(call.method, 'refused')
        agenda.after(weather.latency(), `${process.name} ${call.method} fails`, fail)
        return
      }
      const thereMs = weather.latency() + weather.longDelay()
      if (weather.brings('hang')) return this.#hang(call, leaseMs, fail)
      if (thereMs > COMMAND_TIMEOUT_MS) agenda.after(COMMAND_TIMEOUT_MS, `${process.name} ${call.method} is late`, fail)
      agenda.after(thereMs, '', () =>
        this.#arrive(call, leaseMs, { end, fail, resolve, reject, leftMs: COMMAND_TIMEOUT_MS - thereMs }),
      )
    })
  }

  #hang(call: Call, leaseMs: number, fail: () => void): void {
    const { weather, chance } = this.#options
    const isDone = chance.happens(0.5)
    weather.hang(() => {
      if (isDone) this.#execute(call, leaseMs)
      fail()
    })
  }

  /** The request is at the store. */
  #arrive(call: Call, leaseMs: number, caller: Caller): void {
    const { agenda, weather, process } = this.#options
    const done = this.#execute(this.#part(call), leaseMs)
    const isCut = (): boolean => this.#isCut
    if (done.isPartial || weather.brings('executeThenFail')) {
      weather.befall(call.method, 'unanswered')
      agenda.after(weather.latency(), `${process.name} ${call.method} lost its answer`, caller.fail)
      return
    }
    const backMs = weather.latency() + weather.longDelay()
    if (backMs > caller.leftMs) agenda.after(caller.leftMs, `${process.name} ${call.method} is late`, caller.fail)
    agenda.after(backMs, '', () => {
      if (isCut()) caller.fail()
      else if ('error' in done) caller.end(() => caller.reject(done.error))
      else caller.end(() => caller.resolve(done.value))
    })
  }

  /** A batch that a fault cut short: of each change set all or nothing, but of several a part. */
  #part(call: Call): Call & { isPartial?: boolean } {
    if (call.method !== 'commit' || call.args[0].length < 2 || !this.#options.weather.brings('partial')) return call
    const count = this.#options.chance.between(0, call.args[0].length - 1)
    return { ...call, args: [call.args[0].slice(0, count)], isPartial: true }
  }

  #execute(call: Call & { isPartial?: boolean }, leaseMs: number): Done {
    const { store, agenda, process, failed, tell } = this.#options
    const isPartial = call.isPartial === true
    const timed = withUntil(call, agenda.now + leaseMs)
    try {
      const value = store.run(timed)
      agenda.note(`${process.name} ${call.method} ${summaryOf(timed, value)}`)
      if (call.method === 'commit') tell(appliedEvents(call.args[0] as readonly ChangeSet[], value as string[]))
      return { value, isPartial }
    } catch (error) {
      if (!(error instanceof CrewError)) failed(error)
      return { error, isPartial }
    }
  }
}

interface Caller {
  readonly end: (run: () => void) => void
  readonly fail: () => void
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Of the time that it waits. */
  readonly leftMs: number
}

type Done = { readonly isPartial: boolean } & ({ readonly value: unknown } | { readonly error: unknown })

function withUntil(call: Call, until: number): Call {
  if (call.method === 'claim') return { method: 'claim', args: [{ ...call.args[0], until }] }
  if (call.method !== 'renewLeases') return { method: call.method, args: call.args } as Call
  const [refs, , holder] = call.args
  return { method: 'renewLeases', args: holder === undefined ? [refs, until] : [refs, until, holder] }
}

const appliedEvents = (changeSets: readonly ChangeSet[], results: readonly string[]): CrewEvent[] =>
  changeSets.flatMap(({ events }, index) => (results[index] === 'applied' ? events : []))

const unavailable = (): CrewError => new CrewError('storage_unavailable', 'The store did not answer. Try again.')

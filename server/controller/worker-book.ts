import type { TaskStorage } from '../../storage/task-storage.ts'
import { isReceiver } from '../core/ids.ts'
import { isSignedReceiver } from '../core/receiver.ts'
import { type Signing, UNSIGNED } from '../core/signature.ts'
import { type ResolvedHeaders, resolveHeaders, secretsOfAuthorization, withoutSecrets } from '../core/worker-headers.ts'
import { workerUrl } from '../core/worker-request.ts'
import {
  isRule,
  noSettings,
  SETTINGS_KIND,
  settingsFrom,
  settingsKey,
  settingsNameFor,
  type WorkerSettings,
} from '../core/worker-settings.ts'
import { addressBy } from '../core/worker-url.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What the controller asks about the settings of workers; it must answer at once, so it is what this server knows of them. */
export interface WorkerBook {
  /** Its own, else those of the longest rule for it, else none. */
  settingsOf(worker: string): WorkerSettings
  /** How it is called now. */
  planOf(worker: string): CallPlan
  /** How long an attempt may take, unless its task says otherwise. */
  timeoutSecondsOf(worker: string): number
  /** What a worker says, without the secrets that it is called with (I18). */
  withoutSecrets(worker: string, text: string): string
  /**
   * Workers that Crew does not push to: by their own name, and those of a rule or without an address as soon as a plan was asked for
   * them. So their first tasks are claimed once and given back.
   */
  pullWorkers(): Iterable<string>
  /** Some worker or rule has an address: without a base URL there is still somebody to push to. */
  hasUrls(): boolean
}

/** How a worker is called. */
export type CallPlan =
  | {
      readonly kind: 'push'
      readonly url: string
      /** The URL came in through the API: it leads nowhere that the operator did not allow. */
      readonly isGuarded: boolean
      /** Sent as `Authorization` unless its own headers have one; null sends none. */
      readonly authorization: string | null
      readonly own: ResolvedHeaders
      readonly signing: Signing
      readonly timeoutSeconds: number
    }
  /** It pulls its tasks itself, or nobody knows where it is: they are not for this server to start. */
  | { readonly kind: 'pull' | 'noAddress' }

/** What workers have that nobody set anything for, from the environment. */
export interface BaseWorkers {
  /** Null: only workers with a URL of their own have an address. */
  readonly baseUrl: string | null
  readonly authorization: string | null
  readonly signing: Signing
  readonly timeoutSeconds: number
}

export interface WorkerBookOptions {
  readonly storage: Pick<TaskStorage, 'getRecord' | 'listRecords'>
  readonly base: BaseWorkers
  /** By name: `CREW_SECRET_X` is `X`. */
  readonly secrets: ReadonlyMap<string, string>
  readonly signingKeys: Pick<SigningKeys, 'signingOf'>
}

/** Settings are read in pages of this size: a few hundred bytes each. */
const PAGE_SIZE = 1000
/** Names that were asked for are remembered up to this many; a worker is a handful of hundred bytes here. */
const MAX_MEMO = 10_000
/**
 * One that is forgotten has its first tasks claimed and given back once more, so these are forgotten later. But each claim names them
 * all: so many take Redis 10 ms to read, 100,000 took it 240 (23 November 2026).
 */
const MAX_NOT_PUSHED = 30_000

interface Known {
  readonly settings: WorkerSettings
  readonly own: ResolvedHeaders
  /** By its own secrets. */
  readonly signing: Signing
}

const NOTHING_KNOWN: Known = {
  settings: noSettings(''),
  own: resolveHeaders({}, () => undefined),
  signing: UNSIGNED,
}

/**
 * The settings of all workers in memory: an attempt costs no read. What was changed through this server is here before the change is
 * acknowledged; what another server changed, when its event came, or at the next `reload`.
 */
export class StoredWorkerBook implements WorkerBook {
  readonly #options: WorkerBookOptions
  #settings = new Map<string, WorkerSettings>()
  /** As they were read. */
  #texts = new Map<string, string>()
  #rules: string[] = []
  #memo = new Map<string, Known>()
  #notPushed = new Set<string>()
  #hasReceivers = false
  /** Raised by every change, so that a slow reload does not bring back what was before it. */
  #version = 0

  constructor(options: WorkerBookOptions) {
    this.#options = options
  }

  /** Every worker and rule with settings. */
  get all(): ReadonlyMap<string, WorkerSettings> {
    return this.#settings
  }

  /** Reads all settings again. What is worked out from them is kept while they are the same. */
  async reload(): Promise<void> {
    const before = this.#version
    const found = new Map<string, string>()
    for (let page = 1, left = 1; left > 0; page++) {
      const { records, count } = await this.#options.storage.listRecords(SETTINGS_KIND, { page, pageSize: PAGE_SIZE })
      for (const { key, value } of records) found.set(key.slice(SETTINGS_KIND.length + 1), value)
      left = records.length === 0 ? 0 : count - page * PAGE_SIZE
    }
    if (this.#version !== before || areSame(found, this.#texts)) return
    this.#texts = found
    this.#replace(new Map([...found].map(([name, text]) => [name, settingsFrom(name, text)])))
  }

  /** Reads the settings of one worker or rule again. */
  async reloadOne(name: string): Promise<void> {
    const value = await this.#options.storage.getRecord(settingsKey(name))
    if (value === null) {
      this.#texts.delete(name)
      this.#settings.delete(name)
    } else {
      this.#texts.set(name, value)
      this.#settings.set(name, settingsFrom(name, value))
    }
    this.#replace(this.#settings)
  }

  settingsOf(worker: string): WorkerSettings {
    return this.#know(worker).settings
  }

  planOf(worker: string): CallPlan {
    if (isReceiver(worker)) return this.#receiverPlan(worker)
    const known = this.#know(worker)
    const { settings, own } = known
    const url = this.addressOf(worker)
    if (settings.mode === 'pull' || url === null) {
      if (this.#notPushed.size >= MAX_NOT_PUSHED) this.#forget()
      this.#notPushed.add(worker)
      return { kind: settings.mode === 'pull' ? 'pull' : 'noAddress' }
    }
    return {
      kind: 'push',
      url,
      own,
      isGuarded: settings.url !== null,
      authorization: this.#authorizationFor(settings),
      signing: this.#signingOf(known),
      timeoutSeconds: this.timeoutSecondsOf(worker),
    }
  }

  /** Its deliveries say where they go: whoever names a URL through the API gets it nowhere private. */
  #receiverPlan(worker: string): CallPlan {
    const known = this.#know(worker)
    // A rule for all workers is not for those who are only told: its headers are none of their business.
    const { own, signing, settings } = known.settings.name === worker ? known : NOTHING_KNOWN
    const isMissing = isSignedReceiver(worker) && settings.signingSecrets.length === 0
    const problem = isMissing ? `this server does not know the signing secret of ${worker}` : signing.problem
    const timeoutSeconds = this.timeoutSecondsOf(worker)
    return {
      kind: 'push',
      url: '',
      own,
      isGuarded: true,
      authorization: null,
      signing: { ...signing, problem },
      timeoutSeconds,
    }
  }

  /** How long an attempt may take, unless its task says otherwise. */
  timeoutSecondsOf(worker: string): number {
    return this.settingsOf(worker).timeoutSeconds ?? this.#options.base.timeoutSeconds
  }

  withoutSecrets(worker: string, text: string): string {
    const known = this.#know(worker)
    const authorization = secretsOfAuthorization(this.#authorizationFor(known.settings))
    return withoutSecrets(text, [...known.own.secrets, ...authorization, ...this.#signingOf(known).secrets])
  }

  /** What the environment says is for the workers of the environment: whoever may set a URL must not get it sent there. */
  #authorizationFor({ url }: WorkerSettings): string | null {
    return url === null ? this.#options.base.authorization : null
  }

  #signingOf({ settings, signing }: Known): Signing {
    return settings.url === null && settings.signingSecrets.length === 0 ? this.#options.base.signing : signing
  }

  /** Where it is called, by whatever says so; null: nobody knows. */
  addressOf(worker: string): string | null {
    const { name, url } = this.settingsOf(worker)
    if (url !== null) return addressBy({ name, url }, worker)
    const { baseUrl } = this.#options.base
    return baseUrl === null ? null : workerUrl(baseUrl, worker)
  }

  /** Whether somebody gets its tasks: it has an address, or pulls them. Of '' whether any worker can be reached at all. */
  isReachable(worker: string): boolean {
    if (worker === '') {
      const all = [...this.#settings.values()]
      return this.#options.base.baseUrl !== null || all.some(({ url, mode }) => url !== null || mode !== 'push')
    }
    return isReceiver(worker) || this.settingsOf(worker).mode !== 'push' || this.addressOf(worker) !== null
  }

  pullWorkers(): Iterable<string> {
    return this.#notPushed
  }

  hasUrls(): boolean {
    if (this.#hasReceivers) return true
    for (const { url, mode } of this.#settings.values()) if (url !== null && mode !== 'pull') return true
    return false
  }

  /** Somebody is told of groups: there are deliveries to make, whoever else has an address. */
  expectReceivers(): void {
    this.#hasReceivers = true
  }

  hasSecret(name: string): boolean {
    return this.#options.secrets.has(name)
  }

  #know(worker: string): Known {
    const known = this.#memo.get(worker)
    if (known) return known
    const name = this.#settings.has(worker) ? worker : settingsNameFor(worker, this.#rules)
    const settings = (name === null ? undefined : this.#settings.get(name)) ?? noSettings(worker)
    const own = resolveHeaders(settings.headers, (secret) => this.#options.secrets.get(secret))
    if (this.#memo.size >= MAX_MEMO) this.#memo = new Map()
    const found = { settings, own, signing: this.#options.signingKeys.signingOf(settings.signingSecrets) }
    this.#memo.set(worker, found)
    return found
  }

  #replace(settings: Map<string, WorkerSettings>): void {
    this.#version++
    this.#settings = settings
    this.#rules = [...settings.keys()].filter(isRule)
    this.#forget()
  }

  #forget(): void {
    this.#memo = new Map()
    this.#notPushed = new Set()
    for (const { name, mode } of this.#settings.values())
      if (mode === 'pull' && !isRule(name)) this.#notPushed.add(name)
  }
}

function areSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, text]) => b.get(name) === text)
}

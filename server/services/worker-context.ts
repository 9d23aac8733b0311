import type { ClaimedTask } from '../../storage/task-storage.ts'
import type { Tally } from '../core/figures.ts'
import type { SecretKeeper } from '../core/signing-secret.ts'
import type { Task } from '../core/task.ts'
import type { SettingsPolicy } from '../core/worker-edit.ts'
import type { WorkerMinute } from '../core/worker-history.ts'
import type { Callback, ParentInput } from '../core/worker-request.ts'
import type { OutsideAnswer, WorkerReply } from '../core/worker-response.ts'
import type { WorkerSettings } from '../core/worker-settings.ts'
import type { ServiceContext } from './service-context.ts'
import type { Turns } from './turns.ts'

/** What use cases about workers work with besides. */
export interface WorkerContext extends ServiceContext {
  readonly directory: WorkerDirectory
  readonly outside: OutsideDesk
  readonly settingsTurns: Turns
}

/** What came of an answer from outside. `superseded`: the attempt is over, and the answer changed nothing. */
export type OutsideEnd = 'done' | 'superseded' | 'unknown'

/** Attempts that run outside the servers: polling workers fetch them, or a 202 said that they end later. */
export interface OutsideDesk {
  /** A task of the channel for this worker; null when there is none in time. */
  acquire(request: {
    readonly channel: string
    readonly workerId: string
    readonly leaseMs: number
    readonly waitMs: number
    readonly signal: AbortSignal
  }): Promise<{ readonly claimed: ClaimedTask; readonly leaseUntil: number } | null>
  /** `attempt`: which of its attempts; undefined: the present one. */
  release(
    taskId: string,
    releaser: { readonly workerId: string; readonly attempt?: number | undefined },
    answer: OutsideAnswer,
  ): Promise<OutsideEnd>
  /** What the token of a callback is good for, before anything else of a request is read. */
  look(token: string): Promise<'known' | 'superseded' | 'unknown'>
  /** By the token of its callback. */
  end(token: string, answer: OutsideAnswer): Promise<OutsideEnd>
  /** Null: the attempt is over; undefined: there never was one. */
  heartbeat(token: string): Promise<{ readonly task: Task; readonly until: number } | null | undefined>
  callbackOf(taskId: string, leaseToken: string): Callback
}

/** What this server knows of its workers at this moment. */
export interface WorkerDirectory extends SettingsPolicy {
  readonly signingKeys: SecretKeeper
  /** By name: every worker and rule with settings. */
  readonly all: ReadonlyMap<string, WorkerSettings>
  /** Its own, else those of the longest rule for it, else none. */
  settingsOf(worker: string): WorkerSettings
  /** How long an attempt may take, unless its task says otherwise. */
  timeoutSecondsOf(worker: string): number
  /** What it says, without the secrets that it is called with. */
  withoutSecrets(worker: string, text: string): string
  /** Where it is called now; null: nobody knows. */
  addressOf(worker: string): string | null
  /** The settings of this name were changed: they are in force when it resolves. */
  reloadOne(name: string): Promise<void>
  /** What each of these did in the last five minutes. */
  talliesOf(workers: readonly string[]): Promise<Tally[]>
  /** What all of them did in the last five minutes. */
  totalTally(): Promise<Tally>
  /** What it did on this server in each of the last minutes, the present one last; null: it was not called lately. */
  historyOf(worker: string, minutes: number): WorkerMinute[] | null
  /** Calls the worker of a task that is in no group; null: it has no address. */
  test(task: Task): Promise<TestedCall | null>
  /** What an attempt of this task sends; null: nothing is POSTed to its worker. */
  preview(task: Task, parents: readonly ParentInput[]): ShownRequest | null
}

/** A request, without the secrets in it. */
export type ShownRequest = Pick<TestedCall, 'url' | 'headers' | 'body'>

/** A call made to see what comes back, without the secrets in it. */
export interface TestedCall {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly reply: WorkerReply
  readonly durationMs: number
}

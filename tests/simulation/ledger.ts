import { secretOf } from '../../server/controller/callbacks.ts'
import { MAX_GIVEN_BACK } from '../../server/core/attempt.ts'
import type { Change, ChangeSet, CommitResult, Guard } from '../../server/core/change-set.ts'
import { isComplete, isFinished, type Task } from '../../server/core/task.ts'
import type { Engine } from '../../storage/sqlite/engine.ts'
import type { ClaimCall } from '../../storage/sqlite/engine-calls.ts'
import type { ClaimedTask, LeaseRef } from '../../storage/task-storage.ts'
import type { Answers } from './answers.ts'
import type { Promises } from './promises.ts'
import { keeps } from './violation.ts'

type LeaseGuard = Guard & { readonly kind: 'lease' }

/** A lease that stands. */
interface Held {
  readonly token: string
  readonly task: Task
}

/** What surrounds a ledger, whatever becomes of the store. */
export interface LedgerOptions {
  readonly answers: Answers
  readonly promises: Promises
}

/**
 * The books of somebody who watches the store: what was leased to whom and what came of it, kept from what was asked and answered, not from
 * the engine's own. Each step is checked against the promises (DESIGN section 4).
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #held = new Map<string, Held>()
  /** Tokens that are good for nothing any more, and why. */
  readonly #over = new Map<string, string>()
  /** The run that was completed last, by task. */
  readonly #completed = new Map<string, number>()
  readonly #maxConcurrent = new Map<string, number>()

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  get leases(): number {
    return this.#held.size
  }

  isCurrent(taskId: string, token: string): boolean {
    return this.#held.get(taskId)?.token === token
  }

  claimed(call: ClaimCall, tasks: readonly ClaimedTask[], { engine, now }: { engine: Engine; now: number }): void {
    for (const claimed of tasks) {
      const { task, token } = claimed
      this.#checkStart(claimed, engine, now)
      this.#checkAlone(task)
      this.#held.set(task.id, { token, task })
      this.#checkLimits(task, call.maxLeasesPerWorker)
      this.#options.answers.granted(task, token, `${task.id}~${secretOf(task.id, token)}`)
    }
  }

  /** I2, I6, I10: what a start asks for, read from the rows and not from the indexes that claims go by. */
  #checkStart({ task }: ClaimedTask, engine: Engine, now: number): void {
    const { id, worker, workgroup } = task
    keeps('I10', task.runAfter <= now, () => `${id} starts ${task.runAfter - now} ms before its runAfter`)
    keeps('I10', task.remainingAttempts > 0, () => `${id} starts with no attempt left`)
    keeps('I10', task.givenBack <= MAX_GIVEN_BACK, () => `${id} was given back ${task.givenBack} times`)
    keeps('I6', task.holds === 0, () => `${id} starts although it is held (${task.holds})`)
    const parents = engine.getTasks(task.parentIds)
    const unfinished = parents.filter((parent) => !isFinished(parent)).map((parent) => parent.id)
    keeps('I2', unfinished.length === 0, () => `${id} starts before its parents ${unfinished}`)
    keeps('I6', engine.findGroup(task.groupId)?.isPaused === false, () => `${id} starts in a paused group`)
    const holds = [...engine.listHolds('worker', [worker]), ...engine.listHolds('workgroup', [workgroup])]
    keeps(
      'I6',
      holds.every(({ until }) => until <= now),
      () => `${id} starts although ${worker} is held`,
    )
    const broken = this.#options.promises.brokenBy(task, now)
    keeps('I6', broken === null, () => `${id} starts after ${broken} was acknowledged`)
  }

  /** I3. */
  #checkAlone({ id, mergeKey }: Task): void {
    keeps('I3', !this.#held.has(id), () => `${id} is leased twice`)
    if (mergeKey === '') return
    for (const { task } of this.#held.values())
      keeps('I3', task.mergeKey !== mergeKey, () => `${id} runs beside ${task.id}, which has its merge key`)
  }

  /** I11. */
  #checkLimits({ worker, workgroup }: Task, maxPerWorker: number): void {
    let [ofWorker, ofWorkgroup] = [0, 0]
    for (const { task } of this.#held.values()) {
      if (task.worker === worker) ofWorker++
      if (task.workgroup === workgroup) ofWorkgroup++
    }
    keeps('I11', ofWorker <= maxPerWorker, () => `${worker} has ${ofWorker} leases of ${maxPerWorker}`)
    const most = this.#maxConcurrent.get(workgroup) ?? Number.POSITIVE_INFINITY
    keeps('I11', ofWorkgroup <= most, () => `workgroup ${workgroup} has ${ofWorkgroup} leases of ${most}`)
  }

  renewed(refs: readonly LeaseRef[], lost: readonly string[]): void {
    for (const { taskId, token } of refs) {
      const isLost = lost.includes(token)
      keeps('I3', isLost !== this.isCurrent(taskId, token), () => `the lease of ${taskId} is renewed: ${!isLost}`)
    }
  }

  /** `before`: the tasks whose leases guard it, as they were. */
  committed(changeSet: ChangeSet, result: CommitResult, { engine, before }: { engine: Engine; before: Task[] }): void {
    const guard = changeSet.guards.find((one): one is LeaseGuard => one.kind === 'lease')
    const task = before.find(({ id }) => id === guard?.taskId)
    if (result !== 'applied') {
      if (guard && task) this.#checkUntouched(task, engine)
      return
    }
    if (guard) this.#checkToken(guard, task)
    if (guard && task) this.#checkEnd(guard, task, changeSet)
    for (const change of changeSet.changes) this.#apply(change)
    if (guard && task) this.#checkMerged(task, changeSet, engine)
  }

  /** I3: a result that is refused changes nothing. */
  #checkUntouched(task: Task, engine: Engine): void {
    const version = engine.getTasks([task.id])[0]?.version
    keeps('I3', version === task.version, () => `a refused result changed ${task.id}`)
  }

  /** I3, I7: who has no lease any more, or decided before somebody's edit, writes nothing. */
  #checkToken({ taskId, token, version }: LeaseGuard, task: Task | undefined): void {
    const why = this.#over.get(token) ?? 'it was never given'
    keeps(
      why === 'fenced' ? 'I7' : 'I3',
      this.isCurrent(taskId, token),
      () => `a result of ${taskId}: its token: ${why}`,
    )
    keeps('I7', task?.version === version, () => `a result of ${taskId} was decided at version ${version} of another`)
  }

  /** I5, I9: a completion has an answer behind it, comes once a run, and brings all children of that answer. */
  #checkEnd({ token }: LeaseGuard, task: Task, { changes }: ChangeSet): void {
    const record = changes.find((change) => change.kind === 'addAttempt' && change.taskId === task.id)
    if (record?.kind !== 'addAttempt' || record.attempt.outcome !== 'succeeded') return
    const children = changes.flatMap((change) => (change.kind === 'insertTask' ? [change.task.id] : []))
    const answers = this.#options.answers.of(token).filter(({ isSuccess }) => isSuccess)
    keeps('I9', answers.length > 0, () => `${task.id} is completed, and its worker never said so`)
    if (isComplete(task)) {
      keeps('I5', children.length === 0, () => `${task.id} was complete, and gets children`)
      return
    }
    const isWhole = answers.some((answer) => answer.children === children.length)
    keeps('I5', isWhole, () => `${task.id} is completed with ${children.length} of its children`)
    const isReleased = changes.some((change) => change.kind === 'releaseChildren' && change.parentId === task.id)
    keeps('I5', isReleased, () => `${task.id} is completed and its children are not released`)
    keeps('I9', this.#completed.get(task.id) !== task.run, () => `run ${task.run} of ${task.id} is completed twice`)
    this.#completed.set(task.id, task.run)
  }

  /** I8. */
  #checkMerged(task: Task, { changes }: ChangeSet, engine: Engine): void {
    const isSuccess = changes.some(
      (change) => change.kind === 'addAttempt' && change.taskId === task.id && change.attempt.outcome === 'succeeded',
    )
    if (!isSuccess || task.mergeKey === '' || isComplete(task)) return
    const left = engine.listDuplicates(task.mergeKey).filter(({ createdBy }) => createdBy !== task.id)
    keeps('I8', left.length === 0, () => `${left.map(({ id }) => id)} wait on although ${task.id} has their result`)
  }

  #apply(change: Change): void {
    if (change.kind === 'patchTask' && change.lease) {
      this.#end(change.taskId, change.lease === 'fence' ? 'fenced' : 'settled')
    } else if (change.kind === 'deleteTask') this.#forget(change.taskId)
    else if (change.kind === 'deleteGroup') {
      for (const { task } of [...this.#held.values()]) if (task.groupId === change.groupId) this.#forget(task.id)
    } else if (change.kind === 'limitWork' && change.limits?.maxConcurrent != null)
      this.#maxConcurrent.set(change.name, change.limits.maxConcurrent)
  }

  #forget(taskId: string): void {
    this.#end(taskId, 'fenced')
    this.#completed.delete(taskId)
  }

  #end(taskId: string, why: 'settled' | 'fenced'): void {
    const held = this.#held.get(taskId)
    if (!held) return
    this.#over.set(held.token, why)
    this.#held.delete(taskId)
  }
}

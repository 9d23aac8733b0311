import type { ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import { encodeCommit, payloadBytesOf } from './encode.ts'
import { type Busy, commitLarge, finishLarge, isBusy, lockOf } from './large-commit.ts'
import type { PartitionHost } from './script-runner.ts'
import { MAX_WEIGHT } from './scripts.ts'

/** Change sets in one script: 64 results take 3 ms. */
const SETS_PER_SCRIPT = 64
/** Payloads in one script: copying 1 MiB takes Redis a millisecond; one set may bring more by itself. */
const BYTES_PER_SCRIPT = 1024 * 1024

/** What `commit.lua` answers for a set. */
type ScriptResult = CommitResult | Busy | 'large' | 'later'

/** Change sets of one partition, in scripts of a bounded length. */
export class PartitionCommits {
  readonly #host: PartitionHost
  readonly #newToken: () => string
  #isHelping = false

  constructor(host: PartitionHost, newToken: () => string) {
    this.#host = host
    this.#newToken = newToken
  }

  /** In order; what a script leaves undone, as it is too much or waits for a large change set, is done before it goes on. */
  async commit(changeSets: readonly ChangeSet[]): Promise<(CommitResult | CrewError)[]> {
    const results: (CommitResult | CrewError)[] = []
    for (let left = changeSets; left.length > 0; left = changeSets.slice(results.length)) {
      const [first] = left
      if (first && isSurelyLarge(first)) results.push(await this.#commitLarge(first))
      else await this.#commitSome(left, results)
    }
    return results
  }

  /** Large change sets of others that are under way: this server goes on with them, in case theirs is dead. */
  async help(): Promise<void> {
    if (this.#isHelping) return
    this.#isHelping = true
    try {
      const ids = (await this.#host.command('ZRANGE', 'large', '', 0, -1)) as string[]
      for (const id of ids) await finishLarge(this.#host, id)
    } catch {
      // The next claim finds it again.
    } finally {
      this.#isHelping = false
    }
  }

  async #commitSome(changeSets: readonly ChangeSet[], results: (CommitResult | CrewError)[]): Promise<void> {
    const some = withinOneScript(changeSets)
    for (const [index, word] of (await this.#commitOrRefuse(some)).entries()) {
      if (isBusy(word)) await finishLarge(this.#host, lockOf(word))
      else if (word === 'large') results.push(await this.#commitLarge(some[index] as ChangeSet))
      else if (word !== 'later') results.push(word)
    }
  }

  /** A full Redis runs nothing of a script that makes something new; what ends work must not be refused with it. */
  async #commitOrRefuse(some: readonly ChangeSet[]): Promise<(ScriptResult | CrewError)[]> {
    if (some.every(canWriteWhenFull)) return this.#runCommit('commitWhenFull', some)
    try {
      return await this.#runCommit('commit', some)
    } catch (error) {
      if (!(error instanceof CrewError) || error.code !== 'storage_full') throw error
      const [first] = some
      if (first && !canWriteWhenFull(first)) return [error]
      const end = some.findIndex((set) => !canWriteWhenFull(set))
      return this.#runCommit('commitWhenFull', some.slice(0, end))
    }
  }

  async #runCommit(script: 'commit' | 'commitWhenFull', changeSets: readonly ChangeSet[]): Promise<ScriptResult[]> {
    const { sets, payloads } = encodeCommit(changeSets)
    return (await this.#host.run(script, sets, ...payloads)) as ScriptResult[]
  }

  #commitLarge(changeSet: ChangeSet): Promise<CommitResult> {
    return commitLarge(this.#host, changeSet, {
      id: this.#newToken(),
      isWrittenWhenFull: canWriteWhenFull(changeSet),
    })
  }
}

/** Need not be asked of the script; so many bytes are brought in parts, too. */
const isSurelyLarge = (set: ChangeSet): boolean =>
  set.changes.length + set.guards.length > MAX_WEIGHT ||
  (set.changes.length > 3 && payloadBytesOf(set) > BYTES_PER_SCRIPT)

/** As many change sets as one script may do, at least one. */
function withinOneScript(changeSets: readonly ChangeSet[]): readonly ChangeSet[] {
  let [weight, bytes, count] = [0, 0, 0]
  for (const set of changeSets) {
    weight += set.guards.length + set.changes.length
    bytes += payloadBytesOf(set)
    if (count > 0 && (count >= SETS_PER_SCRIPT || weight > MAX_WEIGHT || bytes > BYTES_PER_SCRIPT)) break
    count++
  }
  return changeSets.slice(0, count)
}

/** A full Redis takes what ends work and what makes room, so that it drains; it takes no new work (DESIGN section 5). */
function canWriteWhenFull({ guards, changes }: Pick<ChangeSet, 'guards' | 'changes'>): boolean {
  return guards.some(({ kind }) => kind === 'lease') || changes.every(({ kind }) => kind !== 'insertTask')
}

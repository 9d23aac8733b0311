import type { ChangeSet, CommitResult } from '../../server/core/change-set.ts'
import { CrewError } from '../../server/core/errors.ts'
import { encodeElements, encodeGuard, encodeOutline } from './encode.ts'
import { pause } from './real-time.ts'
import type { PartitionHost } from './script-runner.ts'
import type { ScriptName } from './scripts.ts'

/** Guards checked in one script: 10 to 22 µs each. */
const GUARDS_PER_SCRIPT = 500
/** Ids reserved in one script: 10 µs each. */
const INSERTS_PER_SCRIPT = 500
/** Bytes of changes sent in one command. */
const BYTES_PER_PUSH = 256 * 1024
const CHANGES_PER_PUSH = 1000
/** What was sent and never decided goes by itself. */
const UNDECIDED_SECONDS = 3600
/** A server that has not decided for so long is dead: its large change set is given up by whoever meets it. */
const GIVE_UP_MS = 5000
/** Others finish a large change set, or it is given up, well within this. */
const MAX_WAIT_MS = 30_000
/** Between two looks at a large change set that another server has not decided yet. */
const LOOK_AGAIN_MS = 5

/**
 * Applies a change set that is too much for one script, all or nothing nonetheless:
 *
 * `checking` (groups locked, ids reserved, guards checked part by part) → `applying` (decided: part by part, by whoever comes)
 * → gone. While it is there nothing else is committed to its groups and nothing of them is claimed. A server that dies while
 * checking leaves nothing applied; one that dies while applying is helped by the next that meets the lock, or by the poll.
 */
export async function commitLarge(
  host: PartitionHost,
  { guards, changes, events }: ChangeSet,
  { id, isWrittenWhenFull }: { id: string; isWrittenWhenFull: boolean },
): Promise<CommitResult> {
  const elements = await stage(host, id, { changes, script: isWrittenWhenFull ? 'largeStageWhenFull' : 'largeStage' })
  await lock(host, id, { guards, changes, events })
  const inserts = await reserve(host, id, changes)
  const refusal = (await checkGuards(host, id, guards)) || inserts || (await decide(host, id, elements))
  if (refusal !== '') return drop(host, id, refusal)
  await finishLarge(host, id)
  return 'applied'
}

/** A group is locked by the large change set that is named behind it. */
export type Busy = `busy ${string}`

export const isBusy = (answer: unknown): answer is Busy => typeof answer === 'string' && answer.startsWith('busy ')
export const lockOf = (busy: Busy): string => busy.slice('busy '.length)

/** Steps on until the large change set is applied or given up. */
export async function finishLarge(host: PartitionHost, id: string): Promise<void> {
  for (let waited = 0; waited < MAX_WAIT_MS; ) {
    const left = await host.run('largeStep', id, GIVE_UP_MS)
    if (left === '') return
    if (left === 'more') continue
    await pause(LOOK_AGAIN_MS)
    waited += LOOK_AGAIN_MS
  }
  throw new CrewError('storage_unavailable', 'A large change of the group is under way; try again.')
}

/** Brings the changes; answers how many elements their list has. */
async function stage(
  host: PartitionHost,
  id: string,
  { changes, script }: { changes: ChangeSet['changes']; script: ScriptName },
): Promise<number> {
  let [texts, bytes, count]: [string[], number, number] = [[], 0, 0]
  const push = async (): Promise<void> => {
    if (texts.length > 0) await host.run(script, id, UNDECIDED_SECONDS, ...texts)
    count += texts.length
    texts = []
    bytes = 0
  }
  for (const text of changes.flatMap(encodeElements)) {
    texts.push(text)
    bytes += text.length
    if (bytes > BYTES_PER_PUSH || texts.length >= CHANGES_PER_PUSH) await push()
  }
  await push()
  return count
}

/** What a script answers: that all is well, or why not. */
type Refusal = CommitResult | ''

async function checkGuards(host: PartitionHost, id: string, guards: ChangeSet['guards']): Promise<Refusal> {
  for (let at = 0; at < guards.length; at += GUARDS_PER_SCRIPT) {
    const part = guards.slice(at, at + GUARDS_PER_SCRIPT).map(encodeGuard)
    const refusal = (await host.run('largeCheck', id, JSON.stringify(part))) as Refusal
    if (refusal !== '') return refusal
  }
  return ''
}

const decide = (host: PartitionHost, id: string, elements: number): Promise<Refusal> =>
  host.run('largeDecide', id, elements) as Promise<Refusal>

/** Waits for its turn. */
async function lock(host: PartitionHost, id: string, changeSet: ChangeSet): Promise<void> {
  for (;;) {
    const answer = await host.run('largeLock', id, ...groupsOf(changeSet))
    if (!isBusy(answer)) return
    await finishLarge(host, lockOf(answer))
  }
}

async function reserve(host: PartitionHost, id: string, changes: ChangeSet['changes']): Promise<Refusal> {
  for (const part of encodeOutline(changes, INSERTS_PER_SCRIPT)) {
    const refusal = (await host.run('largeReserve', id, part)) as Refusal
    if (refusal !== '') return refusal
  }
  return ''
}

async function drop(host: PartitionHost, id: string, refusal: CommitResult): Promise<CommitResult> {
  await host.run('largeDrop', id)
  await host.command('DEL', 'largeChanges', id)
  return refusal
}

/** Every group that a change set names; the tasks that it changes are in those of its events. */
function groupsOf({ guards, changes, events }: ChangeSet): string[] {
  const groups = new Set<string>()
  for (const guard of guards) if (guard.kind === 'group') groups.add(guard.groupId)
  for (const change of changes) {
    if (change.kind === 'insertTask') groups.add(change.task.groupId)
    else if (change.kind === 'putGroup') groups.add(change.group.id)
    else if (change.kind === 'deleteGroup' || change.kind === 'liftHold') groups.add(change.groupId)
  }
  for (const event of events) if ('groupId' in event) groups.add(event.groupId)
  return [...groups]
}

import { Hold } from '../../server/core/task.ts'
import { keyKinds, LONG_TEXT, LONGEST_TEXT } from './keys.ts'
import changes from './lua/changes.lua' with { type: 'text' }
import claim from './lua/claim.lua' with { type: 'text' }
import commit from './lua/commit.lua' with { type: 'text' }
import describe from './lua/describe.lua' with { type: 'text' }
import describeGroup from './lua/describe-group.lua' with { type: 'text' }
import dump from './lua/dump.lua' with { type: 'text' }
import forgetIds from './lua/forget-ids.lua' with { type: 'text' }
import groupChanges from './lua/group-changes.lua' with { type: 'text' }
import groups from './lua/groups.lua' with { type: 'text' }
import guards from './lua/guards.lua' with { type: 'text' }
import holds from './lua/holds.lua' with { type: 'text' }
import keepIds from './lua/keep-ids.lua' with { type: 'text' }
import lanes from './lua/lanes.lua' with { type: 'text' }
import largeCheck from './lua/large-check.lua' with { type: 'text' }
import largeDecide from './lua/large-decide.lua' with { type: 'text' }
import largeDrop from './lua/large-drop.lua' with { type: 'text' }
import largeLock from './lua/large-lock.lua' with { type: 'text' }
import largeReserve from './lua/large-reserve.lua' with { type: 'text' }
import largeStage from './lua/large-stage.lua' with { type: 'text' }
import largeStep from './lua/large-step.lua' with { type: 'text' }
import listExpired from './lua/list-expired.lua' with { type: 'text' }
import listGroups from './lua/list-groups.lua' with { type: 'text' }
import listHolds from './lua/list-holds.lua' with { type: 'text' }
import listRelated from './lua/list-related.lua' with { type: 'text' }
import listTasks from './lua/list-tasks.lua' with { type: 'text' }
import listWorkgroups from './lua/list-workgroups.lua' with { type: 'text' }
import locks from './lua/locks.lua' with { type: 'text' }
import noteReleases from './lua/note-releases.lua' with { type: 'text' }
import partition from './lua/partition.lua' with { type: 'text' }
import publish from './lua/publish.lua' with { type: 'text' }
import readGroups from './lua/read-groups.lua' with { type: 'text' }
import readTasks from './lua/read-tasks.lua' with { type: 'text' }
import renewLeases from './lua/renew-leases.lua' with { type: 'text' }
import renewPermits from './lua/renew-permits.lua' with { type: 'text' }
import standings from './lua/standings.lua' with { type: 'text' }
import takeIds from './lua/take-ids.lua' with { type: 'text' }
import takeOverId from './lua/take-over-id.lua' with { type: 'text' }
import takePermits from './lua/take-permits.lua' with { type: 'text' }
import tasks from './lua/tasks.lua' with { type: 'text' }
import tellHold from './lua/tell-hold.lua' with { type: 'text' }
import weights from './lua/weights.lua' with { type: 'text' }
import { textFields } from './task-fields.ts'

/** WIRE section 2: the newest 50 attempts of a task are kept. */
const KEPT_ATTEMPTS = 50
/** Duplicates of running tasks and held lanes that one claim sets aside; the rest is met by the next. */
const MAX_SET_ASIDE = 128
/** Parents whose results a claim tells. */
const MAX_PARENTS = 128
/** Lanes that one script wakes; the next goes on. */
const MAX_WOKEN = 300
/** Tasks that one script may touch: each takes 20 to 45 µs, and no script may take 25 ms (DESIGN section 4, I15). */
export const MAX_WEIGHT = 300
/** Workers looked at in one claim, the least recently served first. */
const MAX_WORKERS = 500

const quoted = (text: string): string => `"${[...text].map((sign) => `\\${sign.charCodeAt(0)}`).join('')}"`

/** What scripts know of this side: the keys, the bits of `Hold`, sizes. */
const constantsWith = (maxWeight: number): string =>
  [
    'local key = {}',
    ...Object.entries(keyKinds).map(([kind, text]) => `key.${kind} = KEYS[1] .. '${text}'`),
    `local PAUSED, COMPLETE, EXHAUSTED = ${Hold.paused}, ${Hold.complete}, ${Hold.exhausted}`,
    `local LONGEST_TEXT, ELSEWHERE = ${LONGEST_TEXT}, ${quoted(LONG_TEXT)}`,
    `local KEPT_ATTEMPTS, MAX_SET_ASIDE = ${KEPT_ATTEMPTS}, ${MAX_SET_ASIDE}`,
    `local MAX_PARENTS, MAX_WOKEN = ${MAX_PARENTS}, ${MAX_WOKEN}`,
    `local MAX_WEIGHT, MAX_WORKERS = ${maxWeight}, ${MAX_WORKERS}`,
    `local IS_TEXT = {${textFields.map((field) => `${field} = true`).join(', ')}}`,
  ].join('\n')

const compose = (...parts: readonly string[]): string => parts.join('\n')

/** A script refused by a full Redis, and one that is let through so that what runs can end (DESIGN section 5). */
const refusedWhenFull = (...parts: readonly string[]): string => compose('#!lua', ...parts)
const allowedWhenFull = (...parts: readonly string[]): string => compose('#!lua flags=allow-oom', ...parts)

/** The scripts by name, each whole. `maxWeight` is smaller in tests of large change sets. */
export function composeScripts(maxWeight = MAX_WEIGHT) {
  const constants = constantsWith(maxWeight)
  const base = [constants, partition, groups, holds, lanes, tasks, standings]
  const reading = [...base, describe]
  const writing = [...base, locks, changes, groupChanges, weights, guards]
  return {
    commit: refusedWhenFull(...writing, commit),
    commitWhenFull: allowedWhenFull(...writing, commit),
    claim: allowedWhenFull(...reading, locks, claim),
    largeStage: refusedWhenFull(constants, partition, largeStage),
    largeStageWhenFull: allowedWhenFull(constants, partition, largeStage),
    largeLock: allowedWhenFull(...writing, largeLock),
    largeReserve: allowedWhenFull(...writing, largeReserve),
    largeCheck: allowedWhenFull(...writing, largeCheck),
    largeDecide: allowedWhenFull(...writing, largeDecide),
    largeDrop: allowedWhenFull(...writing, largeDrop),
    largeStep: allowedWhenFull(...writing, largeStep),
    renewLeases: allowedWhenFull(...base, renewLeases),
    listExpired: allowedWhenFull(...base, listExpired),
    readTasks: allowedWhenFull(...reading, readTasks),
    listTasks: allowedWhenFull(...reading, listTasks),
    listRelated: allowedWhenFull(constants, partition, listRelated),
    readGroups: allowedWhenFull(...base, describeGroup, readGroups),
    listGroups: allowedWhenFull(...base, describeGroup, listGroups),
    listWorkgroups: allowedWhenFull(...base, listWorkgroups),
    listHolds: allowedWhenFull(...base, listHolds),
    publish: allowedWhenFull(constants, partition, publish),
    takePermits: allowedWhenFull(constants, partition, takePermits),
    renewPermits: allowedWhenFull(constants, partition, renewPermits),
    takeIds: refusedWhenFull(constants, partition, takeIds),
    takeIdsWhenFull: allowedWhenFull(constants, partition, takeIds),
    takeOverId: allowedWhenFull(constants, partition, takeOverId),
    keepIds: allowedWhenFull(constants, partition, keepIds),
    forgetIds: allowedWhenFull(constants, partition, forgetIds),
    tellHold: allowedWhenFull(...writing, tellHold),
    noteReleases: allowedWhenFull(constants, partition, noteReleases),
    dump: allowedWhenFull(constants, partition, dump),
  } as const
}

export type ScriptName = keyof ReturnType<typeof composeScripts>
export type Scripts = Readonly<Record<ScriptName, string>>

import { NO_LIMITS, RAMP_STEPS, SPACING_CREDIT_MS } from '../../server/core/gate.ts'
import { FINISHED, Hold } from '../../server/core/task.ts'
import { lettersByShape } from '../../server/core/task-group.ts'
import { encodeLimits } from './encode.ts'
import { type KeyKind, keyKinds, LONG_TEXT, LONGEST_TEXT } from './keys.ts'
import changes from './lua/changes.lua' with { type: 'text' }
import claim from './lua/claim.lua' with { type: 'text' }
import claimLines from './lua/claim-lines.lua' with { type: 'text' }
import claimTurns from './lua/claim-turns.lua' with { type: 'text' }
import commit from './lua/commit.lua' with { type: 'text' }
import countAhead from './lua/count-ahead.lua' with { type: 'text' }
import countPermits from './lua/count-permits.lua' with { type: 'text' }
import countReady from './lua/count-ready.lua' with { type: 'text' }
import countWaiting from './lua/count-waiting.lua' with { type: 'text' }
import createRecord from './lua/create-record.lua' with { type: 'text' }
import describe from './lua/describe.lua' with { type: 'text' }
import describeGroup from './lua/describe-group.lua' with { type: 'text' }
import dump from './lua/dump.lua' with { type: 'text' }
import failing from './lua/failing.lua' with { type: 'text' }
import forgetHolds from './lua/forget-holds.lua' with { type: 'text' }
import forgetIds from './lua/forget-ids.lua' with { type: 'text' }
import gateRoom from './lua/gate-room.lua' with { type: 'text' }
import gates from './lua/gates.lua' with { type: 'text' }
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
import listFailed from './lua/list-failed.lua' with { type: 'text' }
import listGroups from './lua/list-groups.lua' with { type: 'text' }
import listHolds from './lua/list-holds.lua' with { type: 'text' }
import listLeases from './lua/list-leases.lua' with { type: 'text' }
import listRecords from './lua/list-records.lua' with { type: 'text' }
import listRelated from './lua/list-related.lua' with { type: 'text' }
import listRetrying from './lua/list-retrying.lua' with { type: 'text' }
import listTasks from './lua/list-tasks.lua' with { type: 'text' }
import listTraffic from './lua/list-traffic.lua' with { type: 'text' }
import locks from './lua/locks.lua' with { type: 'text' }
import noteReleases from './lua/note-releases.lua' with { type: 'text' }
import partition from './lua/partition.lua' with { type: 'text' }
import permits from './lua/permits.lua' with { type: 'text' }
import pokeGate from './lua/poke-gate.lua' with { type: 'text' }
import publish from './lua/publish.lua' with { type: 'text' }
import putRecord from './lua/put-record.lua' with { type: 'text' }
import readGates from './lua/read-gates.lua' with { type: 'text' }
import readGroups from './lua/read-groups.lua' with { type: 'text' }
import readTasks from './lua/read-tasks.lua' with { type: 'text' }
import readyLanes from './lua/ready-lanes.lua' with { type: 'text' }
import releasePermits from './lua/release-permits.lua' with { type: 'text' }
import renewLeases from './lua/renew-leases.lua' with { type: 'text' }
import renewPermits from './lua/renew-permits.lua' with { type: 'text' }
import settlePermits from './lua/settle-permits.lua' with { type: 'text' }
import standings from './lua/standings.lua' with { type: 'text' }
import takeIds from './lua/take-ids.lua' with { type: 'text' }
import takeOverId from './lua/take-over-id.lua' with { type: 'text' }
import takePermits from './lua/take-permits.lua' with { type: 'text' }
import tasks from './lua/tasks.lua' with { type: 'text' }
import tellGate from './lua/tell-gate.lua' with { type: 'text' }
import weights from './lua/weights.lua' with { type: 'text' }
import { textFields } from './task-fields.ts'

/** WIRE section 2: the newest 50 attempts of a task are kept. */
const KEPT_ATTEMPTS = 50
/** Duplicates of running tasks and held lanes that one claim sets aside; the rest is met by the next. */
const MAX_SET_ASIDE = 128
/** Places in a line whose workers a claim of one of several partitions names. */
const MAX_WANTED = 32
/** Parents whose results a claim tells. */
const MAX_PARENTS = 128
/** Lanes that one script wakes; the next goes on. */
const MAX_WOKEN = 300
/** Tasks that one script may touch: each takes 20 to 45 µs, a change of it up to twice that, and no script may take 25 ms (DESIGN section 4, I15). */
export const MAX_WEIGHT = 300
/** Past holds of a workgroup or worker that are kept (`listPastHolds`). */
const KEPT_HOLDS = 20
/** And for how long after the last: there may be a workgroup for each customer, for ever new ones. */
const HOLDS_KEPT_MS = 90 * 24 * 3600 * 1000
/** A partition that was refused for want of leases that end asks again: what tells it of them may be lost. */
const ASK_AGAIN_MS = 250
/** A claim is answered, or asked for again, well within: no longer do tokens that it may have used count as spent. */
const RESERVED_MS = 30_000
/** Lanes counted in one script: 15 to 30 µs each. */
const MAX_LANES = 250
/** Workers looked at in one claim, the least recently served first. */
const MAX_WORKERS = 500

const quoted = (text: string): string => `"${[...text].map((sign) => `\\${sign.charCodeAt(0)}`).join('')}"`

/** What scripts know of this side: the bits of `Hold`, sizes, fields. */
const constantsWith = (maxWeight: number): string =>
  [
    'local TAG = KEYS[1]',
    `local PAUSED, COMPLETE, EXHAUSTED, FINISHED = ${Hold.paused}, ${Hold.complete}, ${Hold.exhausted}, ${FINISHED}`,
    `local LONGEST_TEXT, ELSEWHERE = ${LONGEST_TEXT}, ${quoted(LONG_TEXT)}`,
    `local KEPT_ATTEMPTS, MAX_SET_ASIDE = ${KEPT_ATTEMPTS}, ${MAX_SET_ASIDE}`,
    `local MAX_PARENTS, MAX_WOKEN, MAX_WANTED = ${MAX_PARENTS}, ${MAX_WOKEN}, ${MAX_WANTED}`,
    `local MAX_WEIGHT, MAX_WORKERS = ${maxWeight}, ${MAX_WORKERS}`,
    `local MAX_LANES, ASK_AGAIN_MS, RESERVED_MS = ${MAX_LANES}, ${ASK_AGAIN_MS}, ${RESERVED_MS}`,
    `local KEPT_HOLDS, HOLDS_KEPT_MS = ${KEPT_HOLDS}, ${HOLDS_KEPT_MS}`,
    `local RAMP_STEPS, SPACING_CREDIT_MS, NO_LIMITS = ${RAMP_STEPS}, ${SPACING_CREDIT_MS}, '${encodeLimits(NO_LIMITS)}'`,
    `local LETTERS_BY_SHAPE = '${lettersByShape}'`,
    `local IS_TEXT = {${textFields.map((field) => `${field} = true`).join(', ')}}`,
  ].join('\n')

/** What a script calls `key.task` is the text of that kind behind the partition's tag. A table of all would take each script 7 µs. */
function withKeys(text: string): string {
  return text.replace(/\bkey\.(\w+)/g, (_, kind: string) => {
    if (!(kind in keyKinds)) throw new Error(`a script names a key "${kind}", which keys.ts does not have`)
    return `TAG .. '${keyKinds[kind as KeyKind]}'`
  })
}

/**
 * Each layer stands around the next, which is a function in it: what a layer names of those around it costs nothing, while a name in
 * its own is searched among all of them, for each function that names it. In one layer a claim takes 35 µs before it begins. (And a
 * function of Lua has at most 200 locals, and names at most 60 of those around it.)
 */
const compose = (flags: string, ...layers: readonly (readonly string[])[]): string =>
  withKeys(
    [
      flags,
      layers.map((parts) => parts.join('\n')).join('\nreturn (function()\n'),
      ...layers.slice(1).map(() => 'end)()'),
    ].join('\n'),
  )

/** The scripts by name, each whole. `maxWeight` is smaller in tests of large change sets. */
export function composeScripts(maxWeight = MAX_WEIGHT) {
  const shared = [constantsWith(maxWeight), partition]
  /** Refused by a full Redis. */
  const refusedWhenFull = (...layers: string[][]): string => compose('#!lua', shared, ...layers)
  /** Let through by a full Redis, so that what runs can end (DESIGN section 5). */
  const allowedWhenFull = (...layers: string[][]): string => compose('#!lua flags=allow-oom', shared, ...layers)
  /** Let through as well where the disk below Redis is full, or its replicas are gone: what is stored can be read. */
  const reading = (...layers: string[][]): string => compose('#!lua flags=no-writes', shared, ...layers)
  const gate = [holds, gateRoom, gates]
  const base = [
    [groups, ...gate],
    [lanes, tasks, standings],
  ]
  const writing = [...base, [locks, changes, groupChanges, weights, guards]]
  return {
    commit: refusedWhenFull(...writing, [commit]),
    commitWhenFull: allowedWhenFull(...writing, [commit]),
    claim: allowedWhenFull(...base, [describe, locks], [claimTurns, claimLines, claim]),
    largeStage: refusedWhenFull([largeStage]),
    largeStageWhenFull: allowedWhenFull([largeStage]),
    largeLock: allowedWhenFull(...writing, [largeLock]),
    largeReserve: allowedWhenFull(...writing, [largeReserve]),
    largeCheck: allowedWhenFull(...writing, [largeCheck]),
    largeDecide: allowedWhenFull([largeDecide]),
    largeDrop: allowedWhenFull(...writing, [largeDrop]),
    largeStep: allowedWhenFull(...writing, [largeStep]),
    renewLeases: allowedWhenFull(...base, [renewLeases]),
    listExpired: reading([listExpired]),
    readTasks: reading(...base, [describe, readTasks]),
    listTasks: reading(...base, [describe, listTasks]),
    listRelated: reading([listRelated]),
    listFailed: reading(...base, [failing, listFailed]),
    listRetrying: reading(...base, [failing, listRetrying]),
    readGroups: reading(...base, [describeGroup, readGroups]),
    listGroups: reading([listGroups]),
    countWaiting: reading(...base, [describeGroup, countWaiting]),
    countAhead: reading(...base, [countAhead]),
    listTraffic: reading(...base, [readyLanes, listTraffic]),
    countReady: reading(...base, [readyLanes, countReady]),
    readGates: reading(gate, [readGates]),
    putRecord: refusedWhenFull([putRecord]),
    createRecord: refusedWhenFull([createRecord]),
    dropRecord: allowedWhenFull([putRecord]),
    listRecords: reading([listRecords]),
    forgetHolds: allowedWhenFull([holds, forgetHolds]),
    listHolds: reading([holds, listHolds]),
    publish: allowedWhenFull([publish]),
    takePermits: allowedWhenFull(gate, [permits, takePermits]),
    settlePermits: allowedWhenFull(gate, [permits, settlePermits]),
    releasePermits: allowedWhenFull(gate, [permits, releasePermits]),
    renewPermits: allowedWhenFull(gate, [permits, renewPermits]),
    countPermits: allowedWhenFull(gate, [permits, countPermits]),
    listLeases: reading(...base, [listLeases]),
    pokeGate: allowedWhenFull(...base, [pokeGate]),
    takeIds: refusedWhenFull([takeIds]),
    takeIdsWhenFull: allowedWhenFull([takeIds]),
    takeOverId: allowedWhenFull([takeOverId]),
    keepIds: allowedWhenFull([keepIds]),
    forgetIds: allowedWhenFull([forgetIds]),
    tellGate: allowedWhenFull(...writing, [tellGate]),
    noteReleases: allowedWhenFull([noteReleases]),
    dump: reading([dump]),
  } as const
}

export type ScriptName = keyof ReturnType<typeof composeScripts>
export type Scripts = Readonly<Record<ScriptName, string>>

import { Hold } from '../../server/core/task.ts'
import { keyKinds, LONG_TEXT, LONGEST_TEXT } from './keys.ts'
import changes from './lua/changes.lua' with { type: 'text' }
import claim from './lua/claim.lua' with { type: 'text' }
import commit from './lua/commit.lua' with { type: 'text' }
import describe from './lua/describe.lua' with { type: 'text' }
import describeGroup from './lua/describe-group.lua' with { type: 'text' }
import dump from './lua/dump.lua' with { type: 'text' }
import groups from './lua/groups.lua' with { type: 'text' }
import guards from './lua/guards.lua' with { type: 'text' }
import holds from './lua/holds.lua' with { type: 'text' }
import lanes from './lua/lanes.lua' with { type: 'text' }
import listExpired from './lua/list-expired.lua' with { type: 'text' }
import listGroups from './lua/list-groups.lua' with { type: 'text' }
import listHolds from './lua/list-holds.lua' with { type: 'text' }
import listTasks from './lua/list-tasks.lua' with { type: 'text' }
import listWorkgroups from './lua/list-workgroups.lua' with { type: 'text' }
import partition from './lua/partition.lua' with { type: 'text' }
import readGroups from './lua/read-groups.lua' with { type: 'text' }
import readTasks from './lua/read-tasks.lua' with { type: 'text' }
import renewLeases from './lua/renew-leases.lua' with { type: 'text' }
import tasks from './lua/tasks.lua' with { type: 'text' }
import { textFields } from './task-fields.ts'

/** WIRE section 2: the newest 50 attempts of a task are kept. */
const KEPT_ATTEMPTS = 50
/** Duplicates of running tasks set aside in one claim; the rest is met by the next one. Bounds the length of the script. */
const MAX_PARKED = 128
/** Workers looked at in one claim, the least recently served first. */
const MAX_WORKERS = 500

const quoted = (text: string): string => `"${[...text].map((sign) => `\\${sign.charCodeAt(0)}`).join('')}"`

/** What scripts know of this side: the keys, the bits of `Hold`, sizes. */
const constants = [
  `local key = {}`,
  ...Object.entries(keyKinds).map(([kind, text]) => `key.${kind} = KEYS[1] .. '${text}'`),
  `local PAUSED, COMPLETE, EXHAUSTED = ${Hold.paused}, ${Hold.complete}, ${Hold.exhausted}`,
  `local LONGEST_TEXT, ELSEWHERE = ${LONGEST_TEXT}, ${quoted(LONG_TEXT)}`,
  `local KEPT_ATTEMPTS, MAX_PARKED, MAX_WORKERS = ${KEPT_ATTEMPTS}, ${MAX_PARKED}, ${MAX_WORKERS}`,
  `local IS_TEXT = {${textFields.map((field) => `${field} = true`).join(', ')}}`,
].join('\n')

const base = [constants, partition, groups, holds, lanes, tasks]
const reading = [...base, describe]
const compose = (...parts: readonly string[]): string => parts.join('\n')

/** A script refused by a full Redis, and one that is let through so that what runs can end (DESIGN section 5). */
const refusedWhenFull = (script: string): string => `#!lua\n${script}`
const allowedWhenFull = (script: string): string => `#!lua flags=allow-oom\n${script}`

const committing = compose(...base, changes, guards, commit)

/** The scripts by name, each whole. */
export const scripts = {
  commit: refusedWhenFull(committing),
  commitWhenFull: allowedWhenFull(committing),
  claim: allowedWhenFull(compose(...reading, claim)),
  renewLeases: allowedWhenFull(compose(...base, renewLeases)),
  listExpired: allowedWhenFull(compose(...base, listExpired)),
  readTasks: allowedWhenFull(compose(...reading, readTasks)),
  listTasks: allowedWhenFull(compose(...reading, listTasks)),
  readGroups: allowedWhenFull(compose(...base, describeGroup, readGroups)),
  listGroups: allowedWhenFull(compose(...base, describeGroup, listGroups)),
  listWorkgroups: allowedWhenFull(compose(...base, listWorkgroups)),
  dump: allowedWhenFull(compose(constants, partition, dump)),
  listHolds: allowedWhenFull(compose(...base, listHolds)),
} as const

export type ScriptName = keyof typeof scripts

import { type Import, type Module, readModule } from './read-module.ts'
import { roomOf, type Target, targetOf } from './rooms.ts'
import {
  FORBIDDEN_NAMES,
  PRIVATE_ROOMS,
  RENAMED_PACKAGES,
  REPEATABLE,
  ROOM_RULES,
  type RoomRule,
  UI_PACKAGES,
} from './rules.ts'

/** What a file does against the rules, one sentence each with its reason; nothing is the good answer. */
export function checkModule(path: string, text: string): readonly string[] {
  const module = readModule(path, text)
  const room = roomOf(path)
  const rule = ROOM_RULES.find((each) => each.room === room)
  const isTest = path.endsWith('.test.ts')
  return [
    ...module.imports.flatMap((each) => checkEverywhere(path, room, each)),
    ...(rule && !isTest ? module.imports.flatMap((each) => checkByRule(path, rule, each)) : []),
    ...(isTest ? [] : checkNames(room, module)),
    ...(isTest ? [] : checkRepeatable(module)),
  ]
}

function checkEverywhere(path: string, room: string, each: Import): readonly string[] {
  const renamed = RENAMED_PACKAGES[each.specifier]
  const target = targetOf(path, each).name
  const closed = PRIVATE_ROOMS[target]
  return [
    ...(renamed ? [`${path} imports '${each.specifier}' instead of '${renamed.instead}'. ${renamed.reason}`] : []),
    ...(closed && room !== target && !closed.importers.includes(room)
      ? [`${path} imports '${each.specifier}'. ${closed.reason}`]
      : []),
    ...(!room.startsWith('ui') && UI_PACKAGES.names.test(each.specifier)
      ? [`${path} imports '${each.specifier}'. ${UI_PACKAGES.reason}`]
      : []),
  ]
}

function checkByRule(path: string, rule: RoomRule, each: Import): readonly string[] {
  if (isAllowed(rule, each, targetOf(path, each))) return []
  return [`${path} imports ${each.isTypeOnly ? 'types of ' : ''}'${each.specifier}'. ${rule.reason}`]
}

function isAllowed(rule: RoomRule, each: Import, target: Target): boolean {
  switch (target.kind) {
    case 'builtin':
      return rule.mayImportBuiltins
    case 'package':
      return typeof rule.mayImportPackages === 'boolean'
        ? rule.mayImportPackages
        : rule.mayImportPackages.includes(target.name)
    case 'room':
      if (target.name === rule.room || rule.mayImport.includes(target.name)) return true
      return each.isTypeOnly && (rule.mayImportTypesOf ?? []).includes(target.name)
  }
}

function checkNames(room: string, module: Module): readonly string[] {
  const forbidden = FORBIDDEN_NAMES[room]
  if (!forbidden) return []
  return forbidden.names
    .filter((name) => module.names.has(name))
    .map((name) => `${module.path} uses ${name}. ${forbidden.reason}`)
}

/** Of all that would make a run differ from another, what the file uses and may not. */
function checkRepeatable({ path, names }: Module): readonly string[] {
  const isBelow = (folder: string): boolean => path.startsWith(folder)
  if (!REPEATABLE.paths.some(isBelow)) return []
  const more = Object.entries(REPEATABLE.more).flatMap(([folder, also]) => (isBelow(folder) ? also : []))
  const allowed = REPEATABLE.exceptions[path]?.names ?? []
  return [...REPEATABLE.names, ...more]
    .filter((name) => names.has(name) && !allowed.includes(name))
    .map((name) => `${path} uses ${name}. ${REPEATABLE.reason}`)
}

import { type Import, type Module, readModule } from './read-module.ts'
import { roomOf, type Target, targetOf } from './rooms.ts'
import { FORBIDDEN_NAMES, PRIVATE_ROOMS, RENAMED_PACKAGES, ROOM_RULES, type RoomRule } from './rules.ts'

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

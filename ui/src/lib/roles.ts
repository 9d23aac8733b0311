import { type Me, neededRoles } from '../api/operations.ts'

export type Role = Me['role']

/** An operation that needs a role. */
export type Guarded = keyof typeof neededRoles

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

/** What each role may, as people read it. */
export const ROLES: readonly (readonly [role: Role, may: string])[] = [
  ['viewer', 'sees everything, changes nothing'],
  ['operator', 'acts on groups, tasks, holds and schedules'],
  ['admin', 'does everything: workers, limits, users and tokens too'],
]

/** Why somebody may not do this; null: he may, or nobody knows yet who looks, and the server decides. */
export function refusalOf(me: Pick<Me, 'role'> | undefined, operation: Guarded): string | null {
  const needed = neededRoles[operation]
  if (me === undefined || RANKS[me.role] >= RANKS[needed]) return null
  return `This needs the role ${needed}; you are ${me.role}.`
}

export const mayOf = (role: Role): string => ROLES.find(([each]) => each === role)?.[1] ?? ''

/** What people and programs may: each role may all that the one before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const

/** `viewer` reads; `operator` acts on groups, tasks, holds and schedules; `admin` also sets workers, limits, users and tokens. */
export type Role = (typeof roles)[number]

/** Whether a role is enough where another is needed. */
export const mayAct = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)

export const isRole = (value: unknown): value is Role => roles.some((role) => role === value)

/** Who asks. `off`: login is off, and nobody can be told from anybody. `application`: the one that Crew runs in knows. */
export interface Identity {
  readonly name: string
  readonly role: Role
  readonly kind: 'session' | 'token' | 'off' | 'application'
  /** Of a token that is stored: names of tokens may be alike. */
  readonly tokenId?: string
}

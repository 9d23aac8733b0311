import { MAX_PAGE_SIZE, type PageQuery } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import type { Role } from '../core/roles.ts'
import { ADMIN_RECORD, adminText, USER_KIND, type User, userFrom, userKey, userText } from '../core/user.ts'
import { MAX_PEOPLE, type PeopleContext } from './people-context.ts'
import { forgetOwnViews } from './views.ts'

/** A user as clients see it, without anything of the password. */
export interface UserView {
  readonly name: string
  readonly role: Role
  /** By the configuration (CREW_AUTH_USERNAME): always an admin, and always there. */
  readonly isConfigured: boolean
  /** Times in epoch ms; UNSET of the user of the configuration. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewUser {
  readonly name: string
  readonly role: Role
  readonly password: string
}

/** What is absent stays. */
export interface UserEdit {
  readonly role?: Role | undefined
  readonly password?: string | undefined
}

/** By name, the user of the configuration first. */
export async function listUsers(
  context: PeopleContext,
  page: PageQuery,
): Promise<{ users: UserView[]; count: number }> {
  const { storage, configured } = context
  const { records } = await storage.listRecords(USER_KIND, { page: 1, pageSize: MAX_PAGE_SIZE })
  const stored = records.map(({ key, value }) => userFrom(key, value)).filter(({ name }) => name !== configured?.name)
  const all = [...configuredView(context), ...stored.map(viewOf)]
  const size = page.pageSize === 0 ? MAX_PAGE_SIZE : page.pageSize
  return { users: all.slice((page.page - 1) * size, page.page * size), count: all.length }
}

export function createUser(context: PeopleContext, { name, role, password }: NewUser): Promise<UserView> {
  return context.turns.take(async () => {
    const { storage, clock } = context
    if (isConfigured(context, name) || (await storage.getRecord(userKey(name))) !== null)
      throw new CrewError('duplicate_id', `There is a user "${name}" already.`)
    const { count } = await storage.listRecords(USER_KIND, { page: 1, pageSize: 1 })
    if (count >= MAX_PEOPLE) throw new CrewError('conflict', `There are ${MAX_PEOPLE} users: delete some first.`)
    const [passwordHash, now] = [await context.hashPassword(password), clock.now()]
    const user: User = { name, role, passwordHash, createdAt: now, updatedAt: now }
    await storage.putRecord(userKey(name), userText(user))
    return viewOf(user)
  })
}

/** Ends the user's sessions: what they were opened for is no longer so. */
export function editUser(context: PeopleContext, name: string, edit: UserEdit): Promise<UserView> {
  return context.turns.take(async () => {
    if (isConfigured(context, name)) return editConfigured(context, name, edit)
    const before = await loadUser(context, name)
    const user = await changed(context, before, edit)
    if (user === before) return viewOf(before)
    await context.storage.putRecord(userKey(name), userText(user))
    await context.accessChanged()
    return viewOf(user)
  })
}

/**
 * Ends all sessions of the user but the one that asks. `prove` rejects unless whoever asks knows the password that it is now; what
 * it answers sees to it that his session is good for the new hash too.
 */
export function changeOwnPassword(
  context: PeopleContext,
  name: string,
  password: string,
  prove: () => Promise<(passwordHash: string) => Promise<void>>,
): Promise<void> {
  return context.turns.take(async () => {
    refuseFixedPassword(context, name)
    const keepSession = await prove()
    const passwordHash = await context.hashPassword(password)
    // First, so that nobody is thrown out by his own change when the server dies in between.
    await keepSession(passwordHash)
    await putPassword(context, name, passwordHash)
    await context.accessChanged()
  })
}

function refuseFixedPassword(context: PeopleContext, name: string): void {
  if (!isConfigured(context, name) || !context.configured?.hasFixedPassword) return
  const where = 'in the environment, by --auth-password or in crew.toml'
  throw new CrewError(
    'password_is_configured',
    `The password of "${name}" is set by CREW_AUTH_PASSWORD (${where}): change it there.`,
  )
}

async function putPassword(context: PeopleContext, name: string, passwordHash: string): Promise<void> {
  const { storage, clock } = context
  if (isConfigured(context, name)) return storage.putRecord(ADMIN_RECORD, adminText(passwordHash))
  const user = { ...(await loadUser(context, name)), passwordHash, updatedAt: clock.now() }
  await storage.putRecord(userKey(name), userText(user))
}

/** Its sessions end, and its own views go. Tokens that it made stay: programs depend on them. */
export function deleteUser(context: PeopleContext, name: string): Promise<void> {
  return context.turns.take(async () => {
    if (isConfigured(context, name)) throw lastAdmin(name, 'deleted')
    await loadUser(context, name)
    await context.storage.putRecord(userKey(name), null)
    await context.accessChanged()
    await forgetOwnViews(context, name)
  })
}

async function changed({ clock, hashPassword }: PeopleContext, before: User, edit: UserEdit): Promise<User> {
  const { role = before.role, password } = edit
  if (role === before.role && password === undefined) return before
  const passwordHash = password === undefined ? before.passwordHash : await hashPassword(password)
  return { ...before, role, passwordHash, updatedAt: clock.now() }
}

/** It stays an admin; the password that the first start made may be replaced, one of the configuration may not. */
async function editConfigured(context: PeopleContext, name: string, { role, password }: UserEdit): Promise<UserView> {
  const { storage, configured, hashPassword } = context
  if (role !== undefined && role !== 'admin') throw lastAdmin(name, `made ${role}`)
  if (password !== undefined && configured?.hasFixedPassword) {
    const detail = 'is set by CREW_AUTH_PASSWORD: change it there'
    throw new CrewError('invalid_request', `The password of "${name}" ${detail}.`, [{ pointer: '/password', detail }])
  }
  if (password !== undefined) {
    await storage.putRecord(ADMIN_RECORD, adminText(await hashPassword(password)))
    await context.accessChanged()
  }
  return { name, role: 'admin', isConfigured: true, createdAt: 0, updatedAt: 0 }
}

const isConfigured = ({ configured }: PeopleContext, name: string): boolean => configured?.name === name

function configuredView({ configured }: PeopleContext): UserView[] {
  if (configured === null) return []
  return [{ name: configured.name, role: 'admin', isConfigured: true, createdAt: 0, updatedAt: 0 }]
}

const viewOf = ({ name, role, createdAt, updatedAt }: User): UserView => ({
  name,
  role,
  isConfigured: false,
  createdAt,
  updatedAt,
})

async function loadUser({ storage }: PeopleContext, name: string): Promise<User> {
  const text = await storage.getRecord(userKey(name))
  if (text !== null) return userFrom(userKey(name), text)
  throw new CrewError('user_not_found', `There is no user "${name}".`)
}

/** One admin is always there, as nobody can take this one away: so nobody can lock everybody out. */
function lastAdmin(name: string, done: string): CrewError {
  const why = 'it is the user of the configuration (CREW_AUTH_USERNAME), and the admin who is always there'
  return new CrewError('last_admin', `"${name}" cannot be ${done}: ${why}.`)
}

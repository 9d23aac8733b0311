import { expect, test } from 'vitest'
import { neededRoles } from '../../../ui/src/api/operations.ts'
import { partsOf } from '../../../ui/src/lib/activity-words.ts'
import { type Guarded, type Role, refusalOf } from '../../../ui/src/lib/roles.ts'

const operations = Object.keys(neededRoles) as Guarded[]
const allowed = (role: Role) => operations.filter((name) => refusalOf({ role }, name) === null)

test('a viewer may read, an operator also act, an admin do everything', () => {
  expect(allowed('admin')).toEqual(operations)
  expect(allowed('operator')).toEqual(operations.filter((name) => neededRoles[name] !== 'admin'))
  expect(allowed('viewer')).toEqual(operations.filter((name) => neededRoles[name] === 'viewer'))
  expect(allowed('viewer')).not.toContain('retryTask')
})

test('a refusal says which role is needed', () => {
  expect(refusalOf({ role: 'viewer' }, 'updateWorker')).toBe('This needs the role admin; you are viewer.')
})

test('nothing is refused while nobody knows who looks: the server decides', () => {
  expect(refusalOf(undefined, 'deleteUser')).toBeNull()
})

test('what was done is told apart from what was set', () => {
  expect(partsOf('Pause a task group')).toEqual(['Pause a task group', ''])
  expect(partsOf('Make a token: "a: b", role viewer')).toEqual(['Make a token', '"a: b", role viewer'])
})

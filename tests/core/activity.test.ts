import { expect, test } from 'vitest'
import { actorOf, isWanted, toldOf } from '../../server/core/activity.ts'
import { mayAct, roles } from '../../server/core/roles.ts'

test('each role may what the one before it may', () => {
  expect(roles.map((role) => roles.filter((needed) => mayAct(role, needed)))).toEqual([
    ['viewer'],
    ['viewer', 'operator'],
    ['viewer', 'operator', 'admin'],
  ])
})

test('a program is told from a person of the same name', () => {
  expect(actorOf({ name: 'admin', role: 'viewer', kind: 'token' })).toBe('token:admin')
  expect(actorOf({ name: 'admin', role: 'admin', kind: 'session' })).toBe('admin')
})

test.each<[unknown, string]>([
  [undefined, ''],
  [null, ''],
  ['text', ''],
  [[1], ''],
  [{}, ''],
  [{ remainingAttempts: 3, descendants: true, role: 'viewer' }, 'remainingAttempts 3, descendants true, role viewer'],
  [{ reason: 'a text', input: { a: 1 }, password: 'x' }, 'reason, input, password'],
  [{ role: 'a text that somebody wrote', seconds: { a: 1 } }, 'role, seconds'],
  [{ 'sk-live-1': 1, a1: 2 }, ''],
  [
    Object.fromEntries([...'abcdefghijklmn'].map((name) => [name, 1])),
    'a, b, c, d, e, f, g, h, i, j, k, l, and 2 more',
  ],
])('of %j it tells "%s"', (body, told) => {
  expect(toldOf(body)).toBe(told)
})

test('a filter is as strict as it says', () => {
  const activity = {
    ...{ id: 'i', at: 0, actor: 'token:ci', action: 'pauseTaskGroup', summary: '', requestId: '' },
    target: { kind: 'taskGroup', id: 'Nightly' },
  }
  const answers = [
    {},
    { actor: 'TOKEN:CI' },
    { target: 'taskgroup:night' },
    { actor: 'token' },
    { action: 'pause' },
    { target: 'x' },
  ]
  expect(answers.map((filter) => isWanted(activity, filter))).toEqual([true, true, true, false, false, false])
})

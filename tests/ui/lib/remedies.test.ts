import { expect, test } from 'vitest'
import { reasonCodes } from '../../../server/core/eligibility.ts'
import { remediesOf } from '../../../ui/src/lib/remedies.ts'

const task = { taskGroupId: 'nightly', worker: 'fetch', workgroup: 'shop' }
const kindsOf = (code: (typeof reasonCodes)[number], ref?: string) =>
  remediesOf({ code, message: '', ...(ref !== undefined && { ref }) }, task).map(({ kind }) => kind)

test('every reason of the server is known, and says what would change it where something would', () => {
  const without = reasonCodes.filter((code) => kindsOf(code, 'x').length === 0)
  expect(without).toEqual(['succeeded', 'running', 'ready'])
})

test('what is held can be resumed at once or looked at', () => {
  expect(kindsOf('workgroup_held', 'shop')).toEqual(['resumeWorkgroup', 'openWorkgroup'])
  expect(kindsOf('worker_held', 'fetch')).toEqual(['resumeWorker', 'openWorker'])
})

test('what stopped a group is opened, or the group goes on without it', () => {
  expect(kindsOf('group_stopped', 'fetch-1')).toEqual(['openTask', 'resumeGroup'])
  expect(kindsOf('group_stopped')).toEqual(['resumeGroup'])
})

test('a gate without a name of its own is that of all tasks', () => {
  expect(kindsOf('paced')).toEqual(['openTraffic'])
  expect(kindsOf('ramping', 'shop')).toEqual(['openWorkgroup'])
  expect(kindsOf('ramping', 'fetch')).toEqual(['openWorker'])
})

test('the parents that are only counted lead nowhere', () => {
  expect(kindsOf('parent_unfinished')).toEqual([])
  expect(kindsOf('parent_unfinished', 'list')).toEqual(['openTask'])
})

import { expect, test } from 'vitest'
import { newTask } from '../../server/core/new-task.ts'
import { Hold } from '../../server/core/task.ts'
import { NOW } from '../support/attempts.ts'

const birth = { groupId: 'group', keyScope: 'group', now: NOW, createdBy: '', runAfter: NOW } as const

test('a task that says nothing gets every default', () => {
  expect(newTask({ id: 'a', worker: 'w' }, birth)).toEqual({
    id: 'a',
    groupId: 'group',
    name: '',
    worker: 'w',
    workgroup: '',
    key: '',
    mergeKey: '',
    holds: 0,
    remainingAttempts: 5,
    priority: 0,
    progressWeight: 1,
    runAfter: NOW,
    isSeed: false,
    errorDelayInSeconds: 60,
    retry: null,
    timeoutSeconds: null,
    input: 'null',
    output: 'null',
    errors: [],
    metadata: {},
    parentIds: [],
    createdAt: NOW,
    createdBy: '',
    version: 0,
    run: NOW,
    attempts: 0,
    failures: 0,
    rateLimitedSince: 0,
    givenBack: 0,
    unfinishedParents: 0,
    lease: null,
  })
})

test('a task that says everything keeps it', () => {
  const input = {
    id: 'a',
    worker: 'w',
    name: 'n',
    workgroup: 'ads',
    key: 'k',
    remainingAttempts: 2,
    priority: -1,
    progressWeight: 0.5,
    runAfter: 7,
    isSeed: true,
    errorDelayInSeconds: 0,
    retry: { strategy: 'fixed', factor: 2, maxSeconds: null, jitter: 0 } as const,
    timeoutSeconds: 3,
    input: '1',
    output: '2',
    metadata: { a: 'b' },
    parentIds: ['p'],
  }
  expect(newTask(input, { ...birth, createdBy: 'maker', keyScope: 'worker' })).toMatchObject({
    ...input,
    mergeKey: 'w:w k',
    createdBy: 'maker',
  })
})

test('a task is born paused, complete or without attempts when it says so', () => {
  const born = newTask({ id: 'a', worker: 'w', isPaused: true, isComplete: true, remainingAttempts: 0 }, birth)
  expect(born.holds).toBe(Hold.paused | Hold.complete | Hold.exhausted)
})

import { describe, expect, test } from 'vitest'
import { isTouched, topicsOf } from '../../../ui/src/lib/live-topics.ts'

describe('the topics of a query', () => {
  test.each([
    [['groups', { page: 1 }], ['groups']],
    [['group', 'g'], ['group:g']],
    [['tasks', 'g', {}], ['group:g']],
    [['task', 't'], ['task:t']],
    [
      ['worker', 'shop/orders'],
      ['workers', 'groups'],
    ],
    [['something else'], []],
  ])('of %j are %j', (key, topics) => {
    expect(topicsOf(key)).toEqual(topics)
  })
})

describe('a list', () => {
  const rows = { tasks: [{ id: 'a' }, { id: 'b' }] }
  const told = (more: object) => ({ topic: 'group:g', ...more })

  test('is touched by its own rows', () => {
    expect(isTouched(['tasks', 'g', {}], rows, told({ tasks: ['z', 'b'] }))).toBe(true)
    expect(isTouched(['tasks', 'g', { page: 2, q: undefined }], rows, told({ tasks: ['z'] }))).toBe(false)
  })

  test('is touched by what comes and goes, and by more than was named', () => {
    expect(isTouched(['tasks', 'g', {}], rows, told({ tasks: ['z'], isListChanged: true }))).toBe(true)
    expect(isTouched(['tasks', 'g', {}], rows, told({ tasks: ['z'], isPartial: true }))).toBe(true)
  })

  test('with a filter is touched by every task, which may match now', () => {
    expect(isTouched(['tasks', 'g', { state: 'failed' }], rows, told({ tasks: ['z'] }))).toBe(true)
  })

  test('that is not there yet is touched by everything', () => {
    expect(isTouched(['tasks', 'g', {}], undefined, told({ tasks: ['z'] }))).toBe(true)
  })

  test('is not touched by another group', () => {
    expect(isTouched(['tasks', 'g', {}], rows, { topic: 'group:h', tasks: ['a'] })).toBe(false)
  })
})

test('one worker is touched by its own name, and by tasks', () => {
  const key = ['worker', 'w']
  expect(isTouched(key, {}, { topic: 'workers', workers: ['other'] })).toBe(false)
  expect(isTouched(key, {}, { topic: 'workers', workers: ['w'] })).toBe(true)
  expect(isTouched(key, {}, { topic: 'groups', groups: ['g'] })).toBe(true)
})

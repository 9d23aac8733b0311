import { describe, expect, test } from 'vitest'
import { readActivitySearch, readPageSearch, readTaskSearch, withFilter } from '../../../ui/src/lib/list-search.ts'
import { nextPath } from '../../../ui/src/lib/next-path.ts'

describe('the address of a list', () => {
  test('is read, and what stands for the usual is left out', () => {
    expect(readPageSearch({ q: 'x', page: 3, pageSize: 50 })).toEqual({ q: 'x', page: 3, pageSize: 50 })
    expect(readPageSearch({ q: '', page: 1, pageSize: 20 })).toEqual({})
  })

  test.each([
    [{ page: -1 }],
    [{ page: 1.5 }],
    [{ page: 'x' }],
    [{ pageSize: 7 }],
    [{ q: {} }],
    [{ state: 'nonsense' }],
    [{ open: 'no' }],
  ])('takes %j for no filter', (given) => {
    expect(readTaskSearch(given)).toEqual({})
  })

  test('keeps the filters of a task list', () => {
    const search = { q: '42', state: 'failed', worker: 'w', workgroup: 'g', open: true } as const
    expect(readTaskSearch({ ...search, q: 42 })).toEqual(search)
  })

  test('begins at the first page when a filter changes', () => {
    expect(withFilter({ page: 4, state: 'failed' }, { state: undefined, worker: 'w' } as object)).toEqual({
      worker: 'w',
    })
  })
})

test.each([
  ['/groups/g?state=failed', '/groups/g?state=failed'],
  ['//evil.example', '/groups'],
  ['/\\evil.example', '/groups'],
  ['https://evil.example/', '/groups'],
  ['javascript:alert(1)', '/groups'],
  ['/\t/evil.example', '/groups'],
  [undefined, '/groups'],
])('after the login %s leads to %s', (given, path) => {
  expect(nextPath(given)).toBe(path)
})

test('the address of the activity holds who, what and to what, and nothing else', () => {
  expect(readActivitySearch({ actor: 'dana', action: 'retryTask', target: 5, q: 'x', page: '2', other: 1 })).toEqual({
    actor: 'dana',
    action: 'retryTask',
    target: '5',
    page: 2,
  })
  expect(readActivitySearch({ actor: '', target: ['a'], action: null })).toEqual({})
})

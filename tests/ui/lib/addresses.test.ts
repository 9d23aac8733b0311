import { describe, expect, test } from 'vitest'
import { readActivitySearch, readPageSearch, readTaskSearch, withFilter } from '../../../ui/src/lib/list-search.ts'
import { nextPath } from '../../../ui/src/lib/next-path.ts'
import { searchOfView, viewLookedAt, viewQuery } from '../../../ui/src/lib/saved-views.ts'

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

describe('a saved view', () => {
  test('keeps search, filter and order of the list, and not the page', () => {
    const search = { q: 'a&b=ü "c"', state: 'failed', failing: true, sort: 'name', page: 3, pageSize: 50 } as const
    const query = viewQuery(search)
    expect(query).toMatch(/^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$/)
    expect(searchOfView(query)).toEqual({ q: search.q, state: 'failed', failing: true, sort: 'name' })
    expect([viewQuery({}), searchOfView('')]).toEqual(['', {}])
  })

  test('of strange origin is read like a strange address', () => {
    expect(searchOfView('state=none&sort=x&page=7&q=1&__proto__=2&q=last')).toEqual({ q: 'last' })
  })

  test('is known when it is looked at, however it is written', () => {
    const views = [{ query: 'state=failed' }, { query: 'sort=name&q=x' }]
    expect(viewLookedAt(views, { q: 'x', sort: 'name', page: 2 })).toBe(views[1])
    expect(viewLookedAt(views, { q: 'x' })).toBeUndefined()
  })
})

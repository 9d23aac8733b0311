import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberToType, shareOf } from '../../../ui/src/lib/bulk-words.ts'
import { GROUP_VIEWS, isView } from '../../../ui/src/lib/group-views.ts'
import { readGroupSearch } from '../../../ui/src/lib/list-search.ts'
import {
  allMatching,
  isChosen,
  NOTHING,
  pageToggled,
  ranged,
  type Selection,
  toggled,
} from '../../../ui/src/lib/selection.ts'

const ROWS = ['a', 'b', 'c', 'd', 'e']
const idsOf = ({ ids }: Selection) => [...ids].sort()

describe('what is chosen in a list', () => {
  test('is a row by each click, and not by the next', () => {
    const one = toggled(NOTHING, 'b')
    expect(idsOf(one)).toEqual(['b'])
    expect(idsOf(toggled(one, 'b'))).toEqual([])
  })

  test('is a range from the row that was chosen last, up or down, beside what was chosen', () => {
    const from = toggled(toggled(NOTHING, 'e'), 'c')
    expect(idsOf(ranged(from, 'a', ROWS))).toEqual(['a', 'b', 'c', 'e'])
    expect(idsOf(ranged(toggled(NOTHING, 'b'), 'd', ROWS))).toEqual(['b', 'c', 'd'])
  })

  test('is one row when the range would begin on another page', () => {
    expect(idsOf(ranged(toggled(NOTHING, 'gone'), 'd', ROWS))).toEqual(['d', 'gone'])
  })

  test('is the page, and none of it when all of it was', () => {
    const page = pageToggled(toggled(NOTHING, 'z'), ROWS)
    expect(idsOf(page)).toEqual([...ROWS, 'z'])
    expect(idsOf(pageToggled(page, ROWS))).toEqual(['z'])
  })

  test('is all that match, rows of other pages too, until one is clicked', () => {
    const all = allMatching(ROWS)
    expect(isChosen(all, 'on another page')).toBe(true)
    const rest = toggled(all, 'b')
    expect(isChosen(rest, 'b')).toBe(false)
    expect(isChosen(rest, 'on another page')).toBe(false)
  })

  test('a range has both its ends, whatever was chosen before', () => {
    const row = fc.constantFrom(...ROWS)
    const property = fc.property(fc.array(row), row, row, (before, from, to) => {
      const chosen = ranged(toggled({ ...NOTHING, ids: new Set(before.filter((id) => id !== from)) }, from), to, ROWS)
      return isChosen(chosen, from) && isChosen(chosen, to) && before.every((id) => id === from || isChosen(chosen, id))
    })
    fc.assert(property)
  })
})

test.each([
  ['retry', 1000, null],
  ['retry', 1001, '1001'],
  ['delete', 1, null],
  ['delete', 2, '2'],
  ['reset', 12, null],
] as const)('to %s %i at once asks to type %j', (action, count, asked) => {
  expect(numberToType(action, count)).toBe(asked)
})

test('an operation is as far as what is dealt with, and one of nobody is done', () => {
  expect(shareOf({ total: 10, done: 2, skipped: 1, failed: 1 })).toBe(0.4)
  expect(shareOf({ total: 0, done: 0, skipped: 0, failed: 0 })).toBe(1)
})

describe('the address of the groups', () => {
  test('is read, and what is no filter is dropped', () => {
    expect(readGroupSearch({ state: 'failed', failing: 'true', sort: 'name', q: 'x' })).toEqual({
      state: 'failed',
      failing: true,
      sort: 'name',
      q: 'x',
    })
    expect(readGroupSearch({ state: 'running', failing: 'yes', sort: '-createdAt' })).toEqual({})
  })

  test('is one view, whatever is searched for', () => {
    for (const view of GROUP_VIEWS) {
      const search = readGroupSearch({ ...view.filter, q: 'x', sort: 'name' })
      expect(GROUP_VIEWS.filter((each) => isView(each, search))).toEqual([view])
    }
  })
})

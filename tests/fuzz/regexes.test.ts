import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { quickestMs } from '../support/quickest.ts'
import { attacksOn, type Found, hasNestedRepeats, regexesIn, regexesOf } from './regexes.ts'

const LENGTH = 100_000
/** What is linear takes a millisecond; what is quadratic, ten seconds. */
const MAX_MS = 1000

const root = join(import.meta.dirname, '../..')
const all = ['server', 'storage'].flatMap((room) => regexesIn(join(root, room)))

/** What repeats in them begins each time with what cannot stand within: there is one way to read any text. */
const unambiguous = [
  '^(\\/[A-Za-z0-9._~-]+)*\\/?$',
  '(?<!HTTP )(?<!HTTP \\d{1,2})[-+]?\\d+(?:[.,:]\\d+)*|(?<=HTTP )(?!\\d{3}(?!\\d))\\d+',
]

/** Attacks that take long; one that doubles its time with each character would never end. */
const slowOn = ({ source, flags }: Omit<Found, 'file'>): string[] =>
  attacksOn(source, LENGTH).filter(
    (text) => quickestMs(MAX_MS, () => new RegExp(source, flags.replace('g', '')).test(text)) > MAX_MS,
  )

describe('the regular expressions of server and storage', () => {
  test('are found', () => {
    expect(all.length).toBeGreaterThan(60)
    expect(regexesOf('const x = a / b / c\nif (/^a\\/[/b]+$/u.test(y)) return /z{2,}/ // not /this/')).toEqual([
      { source: '^a\\/[/b]+$', flags: 'u' },
      { source: 'z{2,}', flags: '' },
    ])
  })

  test('repeat nothing that repeats', () => {
    const nested = all.map(({ source }) => source).filter(hasNestedRepeats)
    expect(nested.toSorted()).toEqual(unambiguous.toSorted())
    expect(['(a+)+', '(?:a|b*)*', '((a{2,})b)+', '(x(y+)?)*'].filter(hasNestedRepeats)).toHaveLength(4)
    expect(['(a+)?', '[(+]+', '(ab)+', '\\(a+\\)+', '(a{1,3})+'].filter(hasNestedRepeats)).toEqual([])
  })

  test('take a time that grows with the text alone', { timeout: 120_000 }, () => {
    const slow = all.flatMap((found) =>
      slowOn(found).map((text) => `${found.file}: /${found.source}/ on ${text.slice(0, 5)}…`),
    )
    expect(slow).toEqual([])
  })
})

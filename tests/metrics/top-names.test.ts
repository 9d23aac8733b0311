import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { labelOf, OTHER, TopNames } from '../../server/metrics/top-names.ts'

describe('names as labels', () => {
  test('are named in the order they came, the rest is other', () => {
    const names = new TopNames(2)
    expect(['a', 'b', 'c', 'a'].map((name) => names.use(name))).toEqual(['a', 'b', OTHER, 'a'])
  })

  test('who is clearly busier takes a place once a minute', () => {
    const names = new TopNames(2)
    names.review(0)
    for (const name of ['a', 'a', 'b', 'c', 'c', 'c', 'd']) names.use(name)
    expect(names.review(59_999)).toEqual([])
    expect(names.review(60_000)).toEqual(['b'])
    expect(names.use('c')).toBe('c')
    expect(names.use('b')).toBe(OTHER)
    expect(names.entries()).toEqual([
      ['a', 'a'],
      ['c', 'c'],
    ])
  })

  test('never more than allowed, and always short, well-formed and on one line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 })), fc.nat(100), (used, step) => {
        const names = new TopNames(3)
        for (const [at, name] of used.entries()) {
          const label = names.use(name)
          expect(Buffer.byteLength(label)).toBeLessThanOrEqual(131)
          expect(label.isWellFormed()).toBe(true)
          expect(label).not.toMatch(/\p{Cc}/u)
          names.review(at * step * 1000)
          expect(names.entries().length).toBeLessThanOrEqual(3)
        }
      }),
    )
  })

  test('that are long are cut', () => {
    expect(labelOf('é'.repeat(200))).toBe(`${'é'.repeat(64)}…`)
  })
})
